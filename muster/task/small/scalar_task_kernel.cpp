#include "muster/task/small/scalar_task_kernel.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/base/random.h"

namespace muster::inline task {

namespace {

constexpr uint64_t teacher_key = 0, sample_key = 1;

double activation(double z) { return z / (1.0 + std::abs(z)); }

double activation_slope(double z) {
  const double base = 1.0 + std::abs(z);
  return 1.0 / (base * base);
}

double symmetric(RandomStream& stream) { return 2.0 * stream.uniform() - 1.0; }

double pre_activation(const ScalarShape& shape, const double* weights, const double* inputs, int64_t unit) {
  double sum = weights[shape.hidden * shape.inputs + unit];
  for (int64_t i = 0; i < shape.inputs; ++i) sum += weights[unit * shape.inputs + i] * inputs[i];
  return sum;
}

void add_gradient(const ScalarShape& shape, const double* weights, const double* inputs, double error,
                  double* gradient) {
  const int64_t bias = shape.hidden * shape.inputs, output = bias + shape.hidden;
  for (int64_t j = 0; j < shape.hidden; ++j) {
    const double z = pre_activation(shape, weights, inputs, j);
    const double back = error * weights[output + j] * activation_slope(z);
    for (int64_t i = 0; i < shape.inputs; ++i) gradient[j * shape.inputs + i] += back * inputs[i];
    gradient[bias + j] += back;
    gradient[output + j] += error * activation(z);
  }
  gradient[output + shape.hidden] += error;
}

}  // namespace

double scalar_prediction(const ScalarShape& shape, const double* weights, const double* inputs) {
  const int64_t output = shape.hidden * shape.inputs + shape.hidden;
  double sum = weights[output + shape.hidden];
  for (int64_t j = 0; j < shape.hidden; ++j)
    sum += weights[output + j] * activation(pre_activation(shape, weights, inputs, j));
  return sum;
}

double scalar_loss(const ScalarShape& shape, const double* weights, const double* inputs,
                   const double* targets, int64_t samples, double* gradient) {
  if (gradient) std::fill(gradient, gradient + shape.size(), 0.0);
  double loss = 0;
  for (int64_t s = 0; s < samples; ++s) {
    const double* x = inputs + s * shape.inputs;
    const double error = scalar_prediction(shape, weights, x) - targets[s];
    loss += 0.5 * error * error;
    if (gradient) add_gradient(shape, weights, x, error, gradient);
  }
  if (gradient)
    for (int64_t i = 0; i < shape.size(); ++i) gradient[i] /= static_cast<double>(samples);
  return loss;
}

void scalar_initial_weights(const ScalarShape& shape, uint64_t seed, double* weights) {
  RandomStream stream({seed, Purpose::initialisation, 0, 0});
  const int64_t first_layer = shape.hidden * (shape.inputs + 1);
  for (int64_t i = 0; i < shape.size(); ++i)
    weights[i] =
        symmetric(stream) / std::sqrt(static_cast<double>(i < first_layer ? shape.inputs : shape.hidden));
}

void scalar_samples(const ScalarShape& shape, uint64_t seed, int64_t first, int64_t count, double* inputs,
                    double* targets) {
  RandomStream teacher_stream({seed, Purpose::generated_data, teacher_key, 0});
  std::vector<double> teacher(static_cast<size_t>(shape.size()));
  for (double& weight : teacher) weight = 2.0 * symmetric(teacher_stream);
  for (int64_t s = 0; s < count; ++s) {
    RandomStream stream({seed, Purpose::generated_data, sample_key, static_cast<uint64_t>(first + s)});
    double* x = inputs + s * shape.inputs;
    for (int64_t i = 0; i < shape.inputs; ++i) x[i] = symmetric(stream);
    targets[s] = scalar_prediction(shape, teacher.data(), x) + 0.1 * symmetric(stream);
  }
}

}  // namespace muster::inline task
