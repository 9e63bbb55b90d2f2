#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/flat/state.h"

namespace muster {

/// A state as bytes: `heads[i]` stands in front of the bytes of `tensors[i]` (contiguous, not copied), the
/// last head behind all of them.
struct StateBytes {
  std::vector<std::string> heads;
  std::vector<Vector> tensors;
  /// All of it in order; borrowed.
  std::vector<std::string_view> parts() const;
};

/// Numbers and tensors by name (float, double, int64 or bytes, on the CPU).
StateBytes state_bytes(const State& state);

/// The inverse; copies. Throws DataError where the bytes are no state.
State state_from_bytes(std::string_view bytes);

}  // namespace muster
