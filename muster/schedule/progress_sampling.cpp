#include "muster/schedule/progress_sampling.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>

#include "muster/base/error.h"

namespace muster::inline schedule {

ProgressSampling::ProgressSampling(std::vector<int64_t> sizes)
    : sizes_(std::move(sizes)), steps_(sizes_.size(), 0) {
  invariant(!sizes_.empty() && *std::min_element(sizes_.begin(), sizes_.end()) >= 1, "shards are not empty");
  int64_t divisor = 0;
  for (const int64_t size : sizes_) divisor = std::gcd(divisor, size);
  for (int64_t& size : sizes_) total_size_ += (size /= divisor);
  rebuild();
}

bool ProgressSampling::lags(size_t shard) const {
  return Wide{sizes_[shard]} * total_steps_ > Wide{steps_[shard]} * total_size_;
}

void ProgressSampling::add_to_tree(size_t shard, int sign) {
  const Sums change{Wide{sizes_[shard]} * sign, Wide{steps_[shard]} * sign};
  for (size_t i = shard + 1; i < tree_.size(); i += i & (~i + 1)) {
    tree_[i].size += change.size;
    tree_[i].steps += change.steps;
  }
  behind_sums_.size += change.size;
  behind_sums_.steps += change.steps;
  behind_[shard] = sign > 0;
}

// The shard whose interval of the cumulative weights contains `place`.
size_t ProgressSampling::find(Wide place) const {
  size_t at = 0;
  for (size_t stride = std::bit_floor(sizes_.size()); stride > 0; stride /= 2) {
    if (at + stride >= tree_.size()) continue;
    const Wide sum = weight(tree_[at + stride]);
    if (sum > place) continue;
    place -= sum;
    at += stride;
  }
  return at;
}

int64_t ProgressSampling::choose(int64_t, int64_t local_steps, RandomStream& stream) {
  const Wide all = weight(behind_sums_);
  size_t chosen;
  if (all > 0) {
    const auto place =
        static_cast<Wide>(static_cast<long double>(stream.uniform()) * static_cast<long double>(all));
    chosen = find(std::min(place, all - 1));
  } else {
    chosen = static_cast<size_t>(stream.below(sizes_.size()));
  }
  if (behind_[chosen]) add_to_tree(chosen, -1);
  steps_[chosen] += local_steps;
  total_steps_ += local_steps;
  ahead_.emplace(static_cast<double>(steps_[chosen]) / static_cast<double>(sizes_[chosen]), chosen);
  welcome_laggards();
  return static_cast<int64_t>(chosen);
}

// Moves shards that lag behind again from `ahead_` to the tree. Skips outdated entries, whose shard was
// chosen again or is in the tree already.
void ProgressSampling::welcome_laggards() {
  while (!ahead_.empty()) {
    const auto [ratio, shard] = ahead_.top();
    const bool outdated =
        behind_[shard] || ratio != static_cast<double>(steps_[shard]) / static_cast<double>(sizes_[shard]);
    if (!outdated && !lags(shard)) return;
    ahead_.pop();
    if (!outdated) add_to_tree(shard, 1);
  }
}

void ProgressSampling::rebuild() {
  tree_.assign(sizes_.size() + 1, {});
  behind_.assign(sizes_.size(), false);
  behind_sums_ = {};
  ahead_ = {};
  for (size_t shard = 0; shard < sizes_.size(); ++shard) {
    if (lags(shard))
      add_to_tree(shard, 1);
    else
      ahead_.emplace(static_cast<double>(steps_[shard]) / static_cast<double>(sizes_[shard]), shard);
  }
}

Numbers ProgressSampling::state() const {
  Numbers numbers;
  for (size_t shard = 0; shard < steps_.size(); ++shard)
    numbers.set("shard" + std::to_string(shard), steps_[shard]);
  return numbers;
}

void ProgressSampling::restore(const Numbers& numbers) {
  total_steps_ = 0;
  for (size_t shard = 0; shard < steps_.size(); ++shard) {
    steps_[shard] = numbers.integer("shard" + std::to_string(shard));
    total_steps_ += steps_[shard];
  }
  rebuild();
}

}  // namespace muster::inline schedule
