#pragma once

#include <optional>
#include <vector>

#include "muster/base/thread_pool.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// What local_mean() does besides the mean.
struct MeanWants {
  bool divergence = false;  ///< S, see local_mean
  bool write_back = true;   ///< the replicas become the mean
};

/// The mean over the replicas of one process, in one pass through memory by all threads of the pool:
///   mean_i = (replica 0_i + replica 1_i + ...) / K, added in this order
///   S = 1/K sum_k |replica k - mean|^2
/// `mean` receives the mean (it may be undefined where only the write-back is wanted; it must not be a
/// replica). The vector is cut into slices of 16 KiB that stay in the cache between reading and writing back.
/// Squared distances are summed in double: lanes within a slice, slices in their order, replicas in theirs,
/// so no bit depends on the number of threads. One replica stays as it is to the bit, and S = 0. REQUIRES:
/// flat vectors (float or double) of one size and type, at least one. Returns S where wanted.
std::optional<double> local_mean(const std::vector<Vector>& replicas, const Vector& mean, MeanWants wants,
                                 ThreadPool& pool);

/// 1/K sum_k |replica k - centre|^2, in double, summed as in local_mean. Changes nothing.
double mean_squared_distance(const std::vector<Vector>& replicas, const Vector& centre, ThreadPool& pool);

/// Every vector of `to` <- from, by all threads; reads `from` once.
void copy_to_all(const Vector& from, const std::vector<Vector>& to, ThreadPool& pool);

}  // namespace muster::inline comm
