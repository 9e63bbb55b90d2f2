#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace muster::inline probe {

/// Sums over some workers, additive over processes, from which spread_of() computes how far apart the workers
/// are in a round and whether they move in the same direction.
struct WorkerSums {
  at::Tensor units;  ///< sum of d_i / |d_i|, d_i = start - x_i: the outer gradients' directions; double
  double squared_distance = 0;  ///< sum of |x_i - mean|^2
  double squared_length = 0;    ///< sum of |d_i|^2
  double workers = 0;
  double moved = 0;  ///< those with d_i != 0
};

/// `start`: the parameters at the start of the round; `mean`: the workers' mean now.
WorkerSums sums_over_workers(const std::vector<at::Tensor>& workers, const at::Tensor& start,
                             const at::Tensor& mean);

struct WorkerSpread {
  double divergence = 0;  ///< mean of |x_i - mean|^2
  double length = 0;      ///< root of the mean of |d_i|^2
  double cosine = 0;      ///< mean of cos(d_i, d_j) over all pairs i != j; NaN for fewer than two that moved
};

/// From the sums over all workers: the mean cosine is (|sum u_i|^2 - K) / (K (K - 1)), u_i = d_i / |d_i|.
WorkerSpread spread_of(const WorkerSums& sums);

}  // namespace muster::inline probe
