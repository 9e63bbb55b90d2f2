#pragma once

#include <cstdint>
#include <queue>
#include <utility>
#include <vector>

#include "muster/schedule/shard_sampling.h"

namespace muster::inline schedule {

/// Eq. 2 of Liu et al. 2024 (arXiv 2401.09135): shard i with probability proportional to
///   max(|D_i| / sum |D| - n_i / sum n, 0),   n_i = steps assigned from it;
/// uniform where every weight is 0 (at the start, and when all have made equal progress). Integer arithmetic.
/// A shard has a weight while it lags behind the mean, n_i / |D_i| < sum n / sum |D|. The mean only grows, so
/// a shard changes sides at most twice for each time it is chosen: amortised O(log shards) per choice.
class ProgressSampling final : public ShardSampling {
 public:
  /// REQUIRES: sizes >= 1, at least one.
  explicit ProgressSampling(std::vector<int64_t> sizes);

  int64_t choose(int64_t worker, int64_t local_steps, RandomStream& stream) override;
  /// Numbers "shard0", "shard1", ...: steps assigned.
  Numbers state() const override;
  void restore(const Numbers& numbers) override;

  /// Steps assigned from a shard.
  int64_t steps(int64_t shard) const { return steps_[static_cast<size_t>(shard)]; }

 private:
  __extension__ typedef __int128 Wide;  // products of two counts

  /// Prefix sums over the shards that lag behind (Fenwick tree, 1994).
  struct Sums {
    Wide size = 0, steps = 0;
  };
  Wide weight(const Sums& sums) const { return sums.size * total_steps_ - sums.steps * total_size_; }
  bool lags(size_t shard) const;
  void add_to_tree(size_t shard, int sign);
  size_t find(Wide place) const;
  void welcome_laggards();
  void rebuild();

  std::vector<int64_t> sizes_, steps_;
  std::vector<Sums> tree_;  // 1-based
  std::vector<bool> behind_;
  Sums behind_sums_;
  /// The other shards by n_i / |D_i|, the least first; may hold outdated entries.
  std::priority_queue<std::pair<double, size_t>, std::vector<std::pair<double, size_t>>, std::greater<>>
      ahead_;
  Wide total_size_ = 0, total_steps_ = 0;
};

}  // namespace muster::inline schedule
