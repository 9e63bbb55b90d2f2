#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/convex/local_steps_kernel.h"

namespace muster::inline theory {

/// An iterate x and the weighted sum A of those before it, in a form in which a step costs only as much as
/// its sample has entries: x = scale v and A = counted v + u, counted = sum of weight x scale. Regularisation
/// changes scale alone; a step along a row moves v, and u against it.
class LazyIterate {
 public:
  explicit LazyIterate(int64_t features) : coordinates(static_cast<size_t>(features) + 1) {}

  std::vector<kernel::Coordinate> coordinates;  ///< features + 1, the last one 0
  double scale = 1;
  double counted = 0;

  int64_t features() const { return static_cast<int64_t>(coordinates.size()) - 1; }
  /// Makes v = x and u = A: scale 1, counted 0.
  void fold();
  /// x = the x of `other`, A = 0. REQUIRES: `other` is folded.
  void start_from(const LazyIterate& other);
  std::vector<double> value() const;
  std::vector<double> weighted_sum() const;
};

/// x = mean of the workers' x, and A grows by the mean of their A. The workers share scale and counted.
/// REQUIRES: `target` is folded, at least one worker.
void average_into(LazyIterate& target, const std::vector<LazyIterate>& workers);

/// The x of at most `most` workers, evenly chosen.
std::vector<std::vector<double>> some_values(const std::vector<LazyIterate>& workers, int64_t most);

/// Mean squared distance of the workers' x to their mean, given that mean (folded).
double divergence(const LazyIterate& mean, const std::vector<LazyIterate>& workers);

}  // namespace muster::inline theory
