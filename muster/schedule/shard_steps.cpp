#include "muster/schedule/shard_steps.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "muster/base/error.h"

namespace muster::inline schedule {

namespace {

__extension__ typedef __int128 Wide;  // products of two counts

std::vector<int64_t> in_proportion(const std::vector<int64_t>& sizes, int64_t total_steps) {
  Wide all = 0;
  for (const int64_t size : sizes) all += size;
  std::vector<int64_t> steps;
  for (const int64_t size : sizes)
    steps.push_back(std::max<int64_t>(1, static_cast<int64_t>((Wide{total_steps} * size + all - 1) / all)));
  return steps;
}

std::vector<int64_t> by_speed(size_t shards, const std::vector<double>& speeds, int64_t total_steps) {
  std::vector<double> of_shard(shards);
  for (size_t worker = 0; worker < speeds.size(); ++worker) of_shard[worker % shards] += speeds[worker];
  const double all = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  std::vector<int64_t> steps;
  for (const double speed : of_shard)
    steps.push_back(std::max<int64_t>(
        1, static_cast<int64_t>(std::ceil(static_cast<double>(total_steps) * (speed / all) * (1 - 1e-12)))));
  return steps;
}

}  // namespace

std::vector<int64_t> expected_shard_steps(const ShardSamplingOptions& sampling, int64_t total_steps,
                                          const std::vector<double>& speeds) {
  sampling.validate();
  invariant(total_steps >= 1, "a run has steps");
  if (sampling.rule == ShardRule::progress) return in_proportion(sampling.sizes, total_steps);
  if (sampling.rule == ShardRule::fixed && !speeds.empty())
    return by_speed(sampling.sizes.size(), speeds, total_steps);
  return in_proportion(std::vector<int64_t>(sampling.sizes.size(), 1), total_steps);
}

}  // namespace muster::inline schedule
