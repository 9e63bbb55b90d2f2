#pragma once

#include <cstdint>

#include "muster/theory/convex/convex_step_size.h"

namespace muster::inline theory {

/// f(x) = curvature / 2 ||x||^2, gradients with additive noise of second moment `noise`.
struct QuadraticOptions {
  double curvature = 1;
  double noise = 1;  ///< sigma^2
  double start = 1;  ///< ||x0||^2
  int64_t workers = 1;
  int64_t period = 1;
  int64_t steps = 1000;
  ConvexStepSize step_size;
  void validate() const;  ///< throws OptionError
};

/// Exact second moments of Local SGD on this problem after `steps` steps.
struct QuadraticMoments {
  double mean_square = 0;   ///< m = E ||mean of the workers||^2; the same for every period
  double spread = 0;        ///< v = E ||worker - mean||^2, before a meeting at the last step
  double weighted_gap = 0;  ///< E f(weighted average of the mean)
};

/// By recursion: m <- (1 - eta l)^2 m + eta^2 sigma^2 / K; v <- (1 - eta l)^2 v + eta^2 sigma^2 (1 - 1/K),
/// v = 0 after a meeting; and for the weighted sum s <- s + 2 w c + w^2 m, c <- (1 - eta l)(c + w m).
QuadraticMoments quadratic_moments(const QuadraticOptions& options);

}  // namespace muster::inline theory
