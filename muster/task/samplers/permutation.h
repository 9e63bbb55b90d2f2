#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "muster/base/random.h"

namespace muster::inline task {

/// A uniformly random permutation of 0 ... size - 1, a function of the key (Fisher-Yates, Durstenfeld 1964).
std::vector<int64_t> random_permutation(int64_t size, const RandomKey& key);

/// Keeps the permutations used last, so that an epoch's is made once. Safe for several threads.
class PermutationCache {
 public:
  /// Remembers at most `capacity` >= 1 permutations.
  explicit PermutationCache(int64_t capacity) : capacity_(static_cast<size_t>(capacity)) {}

  /// random_permutation(size, key). REQUIRES: one size per cache; keys differ in a or b only.
  std::shared_ptr<const std::vector<int64_t>> get(int64_t size, const RandomKey& key);

 private:
  struct Entry {
    uint64_t a, b;
    std::shared_ptr<const std::vector<int64_t>> order;
  };
  size_t capacity_;
  std::mutex mutex_;
  std::vector<Entry> entries_;  // used last: at the back
};

}  // namespace muster::inline task
