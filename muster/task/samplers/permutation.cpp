#include "muster/task/samplers/permutation.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace muster::inline task {

std::vector<int64_t> random_permutation(int64_t size, const RandomKey& key) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream stream(key);
  for (size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[stream.below(left)]);
  return order;
}

// Made under the lock: threads that want the same epoch wait for it and do not make it again.
std::shared_ptr<const std::vector<int64_t>> PermutationCache::get(int64_t size, const RandomKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.a == key.a && entry.b == key.b; });
  if (found != entries_.end()) {
    std::rotate(found, found + 1, entries_.end());
    return entries_.back().order;
  }
  if (entries_.size() == capacity_) entries_.erase(entries_.begin());
  auto order = std::make_shared<const std::vector<int64_t>>(random_permutation(size, key));
  entries_.push_back({key.a, key.b, order});
  return order;
}

}  // namespace muster::inline task
