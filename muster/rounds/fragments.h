#pragma once

#include <cstdint>
#include <vector>

#include "muster/flat/layout.h"

namespace muster::inline rounds {

/// A stretch of the flat vector, in elements.
struct Fragment {
  int64_t begin = 0;
  int64_t size = 0;
  bool operator==(const Fragment&) const = default;
};

/// The vector in `count` pieces, in order and without gaps, each of whole tensors; the largest is as small as
/// that allows (the sequential pattern of Streaming DiLoCo, Douillard et al. 2025). Throws OptionError for
/// comm.fragments where there are fewer tensors.
std::vector<Fragment> cut_into_fragments(const Layout& layout, int64_t count);

/// After how many of a round's steps fragment `fragment` of `count` meets: ceil((fragment + 1) steps /
/// count), so that the last one meets at the round's end.
int64_t meeting_offset(int64_t fragment, int64_t count, int64_t steps);

}  // namespace muster::inline rounds
