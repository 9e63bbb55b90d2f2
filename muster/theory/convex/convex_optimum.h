#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/convex/convex_problem.h"

namespace muster::inline theory {

struct ConvexOptimum {
  std::vector<double> x;
  double value = 0;          ///< f*
  double gradient_norm = 0;  ///< at x
  double gap_bound = 0;      ///< f(x) - f* is at most ||gradient||^2 / (2 lambda)
  int64_t iterations = 0;
};

/// Newton's method from 0, with step halving: by Cholesky factors where the Hessian is small, else by
/// conjugate gradients (Steihaug, 1983). Throws DataError where it cannot prove f* to 1e-12.
ConvexOptimum find_optimum(const ConvexProblem& problem);

/// The curvature of a problem and the noise of its stochastic gradients.
struct ConvexConstants {
  double smoothness = 0;        ///< L: largest eigenvalue of A^T A / n (logistic: / (4 n)) + lambda
  double strong_convexity = 0;  ///< mu: lambda; for small least squares problems the smallest eigenvalue
  double condition() const { return smoothness / strong_convexity; }
  double largest_sample_smoothness = 0;  ///< max over samples
  double curvature_at_optimum = 0;       ///< largest eigenvalue of the Hessian at the optimum
  double noise_at_optimum = 0;           ///< sigma^2 = E ||gradient of a sample||^2 at the optimum
  double largest_noise_at_optimum = 0;
};

ConvexConstants convex_constants(const ConvexProblem& problem, const ConvexOptimum& optimum);

}  // namespace muster::inline theory
