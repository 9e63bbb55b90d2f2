#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/base/numbers.h"
#include "muster/base/random.h"

namespace muster::inline schedule {

enum class ShardRule { progress, least_visited, fixed };

struct ShardSamplingOptions {
  ShardRule rule = ShardRule::progress;  ///< async.shard_sampling
  std::vector<int64_t> sizes = {1};      ///< of the shards, in any unit (samples); each >= 1
  /// Throws OptionError.
  void validate() const;
};

/// From which shard of the data a worker trains its next round (Liu et al. 2024, section 3). Chosen anew each
/// time a worker starts.
class ShardSampling {
 public:
  virtual ~ShardSampling() = default;
  /// The shard of a round of `local_steps` steps; counts them as assigned. Draws from `stream` only.
  virtual int64_t choose(int64_t worker, int64_t local_steps, RandomStream& stream) = 0;
  virtual Numbers state() const { return {}; }
  virtual void restore(const Numbers&) {}
};

/// progress: by Eq. 2 of the paper, p_i proportional to max(|D_i| / sum |D| - n_i / sum n, 0) with n_i the
/// steps assigned from shard i, uniform where all weights vanish; O(log shards).
/// least_visited: uniform among the shards with the fewest rounds so far (the authors' notebook).
/// fixed: shard `worker` modulo the number of shards.
/// Throws OptionError.
std::unique_ptr<ShardSampling> make_shard_sampling(const ShardSamplingOptions& options);

}  // namespace muster::inline schedule
