#pragma once

#include <cstdint>

namespace muster::inline task {

/// Two layers: f(x) = output_bias + sum_j output_j g(bias_j + sum_i hidden_ji x_i), g(z) = z / (1 + |z|).
/// Weights lie as hidden (hidden x inputs), bias (hidden), output (hidden), output_bias (1).
struct ScalarShape {
  int64_t inputs = 6;
  int64_t hidden = 8;
  int64_t size() const { return hidden * inputs + 2 * hidden + 1; }
};

/// f of one sample.
double scalar_prediction(const ScalarShape& shape, const double* weights, const double* inputs);

/// Sum over the samples of (f(x) - y)^2 / 2. Where `gradient` is given (size() numbers), the gradient of the
/// mean is written to it. Fixed order, only + - * /: the same bits on every x86-64.
double scalar_loss(const ScalarShape& shape, const double* weights, const double* inputs,
                   const double* targets, int64_t samples, double* gradient);

/// Initial weights: uniform within +-1/sqrt(inputs of the layer).
void scalar_initial_weights(const ScalarShape& shape, uint64_t seed, double* weights);

/// Samples first ... first + count - 1: inputs uniform in [-1, 1), targets from a network with larger
/// weights, plus uniform noise in [-0.1, 0.1).
void scalar_samples(const ScalarShape& shape, uint64_t seed, int64_t first, int64_t count, double* inputs,
                    double* targets);

}  // namespace muster::inline task
