#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "muster/base/numbers.h"

namespace muster::inline asynchronous {

/// Rounds whose worker left before their end: a later contribution to one is `too_late`, not `duplicate`. Of
/// each worker the newest `kept` are stored; all rounds up to the newest forgotten one count as lost too, so
/// that a lost round is never taken for one that was counted.
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

}  // namespace muster::inline asynchronous
