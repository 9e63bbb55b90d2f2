#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/flat/state.h"

namespace muster::inline flat {

/// A state as bytes: `heads[i]` precedes the bytes of `tensors[i]` (contiguous, not copied); the last head
/// follows all of them.
struct StateBytes {
  std::vector<std::string> heads;
  std::vector<Vector> tensors;
  /// All bytes in order: views, valid while this object lives.
  std::vector<std::string_view> parts() const;
};

/// Numbers and tensors by name (float, double, int64 or bytes, on the CPU).
StateBytes state_bytes(const State& state);

/// The inverse; copies. Throws DataError where the bytes are no state.
State state_from_bytes(std::string_view bytes);

}  // namespace muster::inline flat
