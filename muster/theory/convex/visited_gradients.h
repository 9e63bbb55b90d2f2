#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/convex/convex_problem.h"

namespace muster::inline theory {

/// The constants of Stich's assumptions (ICLR 2019), for g, the mean gradient of b drawn samples with
/// regularisation. Neither has a bound for all x: these are the largest over the iterates that a run visited.
struct GradientBounds {
  double noise = 0;      ///< sigma^2: largest E ||g - grad f(x)||^2 = (M - ||grad f(x)||^2) / b
  double gradient = 0;   ///< G^2: largest E ||g||^2 = noise + ||grad f(x)||^2; M: E ||sample gradient||^2
  int64_t iterates = 0;  ///< number of iterates visited
};

/// Updates the bounds, iterate by iterate; each takes a pass over the samples.
class VisitedGradients {
 public:
  /// `problem` is borrowed.
  VisitedGradients(const ConvexProblem& problem, int64_t batch) : problem_(problem), batch_(batch) {}
  void visit(const std::vector<double>& x);
  const GradientBounds& bounds() const { return bounds_; }

 private:
  const ConvexProblem& problem_;
  int64_t batch_;
  GradientBounds bounds_;
};

}  // namespace muster::inline theory
