#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "muster/asynchronous/server_event.h"
#include "muster/base/numbers.h"

namespace muster::inline asynchronous {

/// What has come in so far.
struct ServerCounts {
  std::array<int64_t, verdicts> contributions{};  ///< by verdict
  int64_t tokens = 0;                             ///< of those counted
  int64_t joined = 0, left = 0, releases = 0;
  int64_t staleness_sum = 0, staleness_max = 0;  ///< of those counted
  std::vector<int64_t> staleness{};              ///< how many of each, from 0 on; the last one also of more
  int64_t of(Verdict verdict) const { return contributions[static_cast<size_t>(verdict)]; }
  double staleness_mean() const;
  void add(Verdict verdict) { ++contributions[static_cast<size_t>(verdict)]; }
  /// Of a contribution that was counted.
  void add_staleness(int64_t of_one);

  Numbers state() const;
  /// Throws CheckpointError.
  void restore(const Numbers& numbers);
  bool operator==(const ServerCounts&) const = default;
};

}  // namespace muster::inline asynchronous
