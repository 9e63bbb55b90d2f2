#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "muster/base/numbers.h"

namespace muster {

/// Rounds whose worker left before their end: what comes of them later is too late, no duplicate. Of each
/// worker the newest `kept` are known; every round before the oldest that was forgotten counts as one of
/// them, so that a round that was lost is never taken for one that was counted.
class LostRounds {
 public:
  static constexpr size_t kept = 16;

  void add(int64_t worker, int64_t sequence);
  bool contains(int64_t worker, int64_t sequence) const;

  Numbers state() const;
  /// Throws CheckpointError.
  void restore(const Numbers& numbers);

 private:
  struct OfWorker {
    std::vector<int64_t> newest;  // rising
    int64_t all_below = 0;
  };
  std::map<int64_t, OfWorker> workers_;
};

}  // namespace muster
