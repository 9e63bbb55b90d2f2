#pragma once

#include <cstdint>
#include <vector>

#include "muster/flat/layout.h"

namespace muster::inline optim {

/// A run of elements of a flat vector that share their weight decay.
struct DecaySegment {
  int64_t begin = 0;
  int64_t size = 0;
  bool decayed = true;
  bool operator==(const DecaySegment&) const = default;
};

/// The layout as the fewest segments, in order. With `decay_norm_and_bias` there is one; without it pieces
/// marked norm_or_bias are not decayed. Empty for an empty layout.
std::vector<DecaySegment> decay_segments(const Layout& layout, bool decay_norm_and_bias);

}  // namespace muster::inline optim
