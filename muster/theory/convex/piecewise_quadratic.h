#pragma once

#include <cstdint>

#include "muster/theory/convex/convex_step_size.h"

namespace muster::inline theory {

/// f(x) = x^2 above 0, x^2 / 2 below: mu = 1, L = 2, a minimal problem on which the period matters (the
/// example of Spiridonoff, Olshevsky, Paschalidis, 2020). Gradients have additive noise.
struct PiecewiseQuadraticOptions {
  double noise = 1;  ///< sigma^2
  double start = 0;  ///< x0
  int64_t workers = 1;
  int64_t period = 1;
  int64_t steps = 2;
  ConvexStepSize step_size;  ///< inverse: min(1 / L, learning_rate / (t + 1))
  void validate() const;     ///< throws OptionError
};

/// Moments of the workers' mean after the last step, at which all meet.
struct PiecewiseMoments {
  double mean = 0;        ///< E x
  double gap = 0;         ///< E f(x)
  double mean_error = 0;  ///< standard errors; 0 where exact
  double gap_error = 0;
};

/// Exact, for noise +-sigma with equal probability: sums over all paths. REQUIRES workers x steps <= 24
/// (OptionError).
PiecewiseMoments enumerate_piecewise(const PiecewiseQuadraticOptions& options);

/// Estimates over random paths with normal noise.
PiecewiseMoments simulate_piecewise(const PiecewiseQuadraticOptions& options, int64_t replicas,
                                    uint64_t seed);

}  // namespace muster::inline theory
