#pragma once

#include <cstddef>
#include <vector>

namespace muster {

/// Which of many values a curve of at most `most` points (>= 4) should keep so that it looks the same: both
/// ends, and of each of equally long stretches between them the lowest and the highest. Indices in rising
/// order; all of them where there are no more than `most`. NaN is passed over, but for the ends.
std::vector<size_t> thinned(const std::vector<double>& values, size_t most);

}  // namespace muster
