#pragma once

#include <cstdint>
#include <vector>

#include "muster/schedule/shard_sampling.h"

namespace muster {

/// T of Eq. 3 (Liu et al. 2024, arXiv 2401.09135), where every shard has a learning rate of its own: how many
/// of a run's local steps each shard is expected to hand out, rounded up, at least 1.
///   progress        in proportion to its size
///   least_visited   the same for all
///   fixed           in proportion to the speeds of the workers that it belongs to (worker w has shard w
///   modulo
///                   their number); without `speeds` the same for all
/// `speeds`: of every worker, in any unit; > 0. Throws OptionError (sampling), REQUIRES total_steps >= 1.
std::vector<int64_t> expected_shard_steps(const ShardSamplingOptions& sampling, int64_t total_steps,
                                          const std::vector<double>& speeds = {});

}  // namespace muster
