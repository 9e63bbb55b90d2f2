#include "muster/schedule/shard_sampling.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/schedule/progress_sampling.h"

namespace muster::inline schedule {

namespace {

/// Uniform among the shards with the fewest rounds: every shard once before any of them again.
class LeastVisited final : public ShardSampling {
 public:
  explicit LeastVisited(size_t shards) : shards_(shards) {}

  int64_t choose(int64_t, int64_t, RandomStream& stream) override {
    if (left_.empty())
      for (size_t shard = 0; shard < shards_; ++shard) left_.push_back(static_cast<int64_t>(shard));
    const auto place = static_cast<size_t>(stream.below(left_.size()));
    const int64_t chosen = std::exchange(left_[place], left_.back());
    left_.pop_back();
    return chosen;
  }

  Numbers state() const override {
    Numbers numbers;
    numbers.set("left", static_cast<int64_t>(left_.size()));
    for (size_t i = 0; i < left_.size(); ++i) numbers.set("left" + std::to_string(i), left_[i]);
    return numbers;
  }

  void restore(const Numbers& numbers) override {
    left_.assign(static_cast<size_t>(numbers.integer("left")), 0);
    for (size_t i = 0; i < left_.size(); ++i) left_[i] = numbers.integer("left" + std::to_string(i));
  }

 private:
  size_t shards_;
  std::vector<int64_t> left_;  // shards not yet chosen in the present pass
};

class FixedShard final : public ShardSampling {
 public:
  explicit FixedShard(size_t shards) : shards_(static_cast<int64_t>(shards)) {}
  int64_t choose(int64_t worker, int64_t, RandomStream&) override { return worker % shards_; }

 private:
  int64_t shards_;
};

}  // namespace

void ShardSamplingOptions::validate() const {
  if (sizes.empty()) throw OptionError("async.shards", "0", "there must be at least one");
  for (const int64_t size : sizes)
    if (size < 1)
      throw OptionError("async.shards", std::to_string(sizes.size()),
                        "leaves a shard without samples; use fewer");
}

std::unique_ptr<ShardSampling> make_shard_sampling(const ShardSamplingOptions& options) {
  options.validate();
  switch (options.rule) {
    case ShardRule::progress:
      return std::make_unique<ProgressSampling>(options.sizes);
    case ShardRule::least_visited:
      return std::make_unique<LeastVisited>(options.sizes.size());
    case ShardRule::fixed:
      return std::make_unique<FixedShard>(options.sizes.size());
  }
  throw Bug("unknown rule of shard sampling");
}

}  // namespace muster::inline schedule
