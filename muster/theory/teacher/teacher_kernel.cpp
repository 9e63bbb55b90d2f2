#include "muster/theory/teacher/teacher_kernel.h"

#include <algorithm>
#include <cmath>

#include "muster/base/clones.h"
#include "muster/theory/exponential.h"
#include "muster/theory/noise_lanes.h"

namespace muster::kernel {

namespace {

constexpr int64_t bias_row = teacher_inputs, output_row = teacher_inputs + 1, last_row = teacher_inputs + 2;

/// tanh(x) = 1 - 2 / (e^2x + 1), to 1e-15.
[[gnu::always_inline]] inline double hyperbolic_tangent(double x) {
  const double twice = std::min(std::max(2 * x, -40.0), 40.0);
  return 1 - 2 / (exponential(twice) + 1);
}

/// Sum in an order that is the same on every processor.
template <int64_t count>
[[gnu::always_inline]] inline double sum_of(double* values) {
  for (int64_t half = count / 2; half > 0; half /= 2)
    for (int64_t j = 0; j < half; ++j) values[j] += values[j + half];
  return values[0];
}

/// units[h] = tanh(bias_h + sum_i weight_ih x_i)
[[gnu::always_inline]] inline void student_hidden(const double* __restrict student, const double* inputs,
                                                  double* __restrict units) {
  double sums[student_units];
  for (int64_t h = 0; h < student_units; ++h) sums[h] = student[bias_row * student_units + h];
  for (int64_t i = 0; i < teacher_inputs; ++i) {
    const double x = inputs[i];
    for (int64_t h = 0; h < student_units; ++h) sums[h] += x * student[i * student_units + h];
  }
  for (int64_t h = 0; h < student_units; ++h) units[h] = hyperbolic_tangent(sums[h]);
}

[[gnu::always_inline]] inline double student_output(const double* __restrict student,
                                                    const double* __restrict units) {
  double terms[student_units];
  for (int64_t h = 0; h < student_units; ++h) terms[h] = student[output_row * student_units + h] * units[h];
  return student[last_row * student_units] + sum_of<student_units>(terms);
}

}  // namespace

MUSTER_CLONES void teacher_outputs(const double* teacher, const double* inputs, int64_t samples,
                                   double* outputs) {
  for (int64_t s = 0; s < samples; ++s) {
    double sums[teacher_units] = {};
    for (int64_t i = 0; i < teacher_inputs; ++i)
      for (int64_t h = 0; h < teacher_units; ++h)
        sums[h] += inputs[s * teacher_inputs + i] * teacher[i * teacher_units + h];
    for (int64_t h = 0; h < teacher_units; ++h)
      sums[h] = hyperbolic_tangent(sums[h]) * teacher[teacher_inputs * teacher_units + h];
    outputs[s] = sum_of<teacher_units>(sums);
  }
}

MUSTER_CLONES void student_outputs(const double* student, const double* inputs, int64_t samples,
                                   double* outputs) {
  double units[student_units];
  for (int64_t s = 0; s < samples; ++s) {
    student_hidden(student, inputs + s * teacher_inputs, units);
    outputs[s] = student_output(student, units);
  }
}

MUSTER_CLONES void student_gradient(const double* student, const double* inputs, const double* labels,
                                    int64_t samples, double* gradient) {
  double sums[student_size] = {};
  double units[student_units], slopes[student_units];
  for (int64_t s = 0; s < samples; ++s) {
    const double* x = inputs + s * teacher_inputs;
    student_hidden(student, x, units);
    const double error = student_output(student, units) - labels[s];
    for (int64_t h = 0; h < student_units; ++h)
      slopes[h] = error * student[output_row * student_units + h] * (1 - units[h] * units[h]);
    for (int64_t i = 0; i < teacher_inputs; ++i)
      for (int64_t h = 0; h < student_units; ++h) sums[i * student_units + h] += x[i] * slopes[h];
    for (int64_t h = 0; h < student_units; ++h) sums[bias_row * student_units + h] += slopes[h];
    for (int64_t h = 0; h < student_units; ++h) sums[output_row * student_units + h] += error * units[h];
    sums[last_row * student_units] += error;
  }
  const double share = 1 / static_cast<double>(samples);
  for (int64_t j = 0; j < student_size; ++j) gradient[j] = share * sums[j];
}

MUSTER_CLONES void student_step(double* student, const double* gradient, double rate) {
  for (int64_t j = 0; j < student_size; ++j) student[j] -= rate * gradient[j];
}

MUSTER_CLONES double student_spread(const double* students, int64_t workers, double* mean) {
  for (int64_t j = 0; j < student_size; ++j) mean[j] = students[j];
  for (int64_t k = 1; k < workers; ++k)
    for (int64_t j = 0; j < student_size; ++j) mean[j] += students[k * student_size + j];
  const double share = 1 / static_cast<double>(workers);
  for (int64_t j = 0; j < student_size; ++j) mean[j] *= share;
  double squares[student_units] = {};
  for (int64_t k = 0; k < workers; ++k)
    for (int64_t row = 0; row < student_size; row += student_units)
      for (int64_t h = 0; h < student_units; ++h) {
        const double away = students[k * student_size + row + h] - mean[row + h];
        squares[h] += away * away;
      }
  return share * sum_of<student_units>(squares);
}

MUSTER_CLONES void quantise_student(double* gradient, int bits, int64_t bucket, uint64_t key,
                                    uint64_t counter) {
  const auto levels = static_cast<double>((1 << (bits - 1)) - 1);
  for (int64_t begin = 0; begin < student_parameters; begin += bucket) {
    const int64_t end = std::min(begin + bucket, student_parameters);
    double scale = 0;
    for (int64_t j = begin; j < end; ++j) scale = std::max(scale, std::fabs(gradient[j]));
    if (scale == 0) continue;
    for (int64_t j = begin; j < end; ++j) {
      const auto word = random_word(key, counter + static_cast<uint64_t>(j)) >> 11;
      const double draw = static_cast<double>(static_cast<int64_t>(word)) * 0x1p-53;
      const double level = std::min(std::floor(std::fabs(gradient[j]) / scale * levels + draw), levels);
      gradient[j] = std::copysign(level * scale / levels, gradient[j]);
    }
  }
}

}  // namespace muster::kernel
