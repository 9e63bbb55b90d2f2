#pragma once

#include <cstdint>
#include <vector>

#include "muster/schedule/shard_sampling.h"

namespace muster::inline schedule {

/// T of Eq. 3 (Liu et al. 2024, arXiv 2401.09135), where every shard has its own learning-rate schedule: how
/// many of a run's local steps each shard is expected to get, rounded up, at least 1.
///   progress        in proportion to its size
///   least_visited   the same for all
///   fixed           in proportion to the speeds of its workers (worker w has shard w modulo the number of
///                   shards); without `speeds` the same for all
/// `speeds`: of every worker, in any unit; > 0. Throws OptionError (sampling), REQUIRES total_steps >= 1.
std::vector<int64_t> expected_shard_steps(const ShardSamplingOptions& sampling, int64_t total_steps,
                                          const std::vector<double>& speeds = {});

}  // namespace muster::inline schedule
