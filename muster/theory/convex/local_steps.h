#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "muster/theory/convex/convex_problem.h"
#include "muster/theory/convex/convex_step_size.h"
#include "muster/theory/convex/lazy_iterate.h"

namespace muster::inline theory {

/// Local gradient steps x <- x - eta_t (mean gradient of b drawn samples) of several workers, each with its
/// own draws, and the weighted sums of their iterates.
class LocalSteps {
 public:
  /// `problem` is borrowed.
  LocalSteps(const ConvexProblem& problem, ConvexStepSize step_size, uint64_t seed, int64_t workers,
             int64_t batch);

  /// Steps first, ..., first + steps - 1 of workers first_worker, ... REQUIRES: these share scale and
  /// counted.
  void run(std::span<LazyIterate> iterates, int64_t first_worker, int64_t first, int64_t steps);

 private:
  int64_t plan(const LazyIterate& start, int64_t first, int64_t most);

  const ConvexProblem& problem_;
  ConvexStepSize step_size_;
  Draws draws_;
  int64_t workers_, batch_;
  std::vector<double> scale_, push_, counted_;
  std::vector<kernel::Coordinate> changes_;
  std::vector<PackedRow> drawn_;
  double scale_after_ = 1;
};

}  // namespace muster::inline theory
