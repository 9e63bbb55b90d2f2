#pragma once

#include <cstdint>

namespace muster::kernel {

/// Parameters of K workers for 64 replicas: x[64 k + i] is worker k of replica i.
struct ValleyState {
  double* x;
  double* y;
  int64_t workers;
};

struct ValleyNoise {
  double normal;   ///< standard deviation of the noise of x; times sqrt(g) where it follows the curvature
  double tangent;  ///< of the noise of y
  bool with_curvature;  ///< Var n_x = normal^2 g, else normal^2
};

/// Local steps of SGD on g(y) x^2 / 2, g = 1 + y^2, with additive Gaussian noise, x and y updated from the
/// same state: x -= eta (g x + n_x), y -= eta (y x^2 + n_y).
void valley_steps(const ValleyState& state, int64_t first_step, const double* rates, int64_t count,
                  const ValleyNoise& noise, uint64_t key);

/// Replaces every worker's parameters by the mean over the workers.
void valley_meeting(const ValleyState& state);

}  // namespace muster::kernel
