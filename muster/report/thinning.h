#pragma once

#include <cstddef>
#include <vector>

namespace muster::inline report {

/// The indices of at most `most` (>= 4) values that keep a curve's appearance: both ends, and the lowest and
/// the highest value of each of several equally long ranges between them. In rising order; all indices where
/// there are no more than `most`. NaN is skipped, except at the ends.
std::vector<size_t> thinned(const std::vector<double>& values, size_t most);

}  // namespace muster::inline report
