#include "muster/report/thinning.h"

#include <cmath>
#include <numeric>

#include "muster/base/error.h"

namespace muster::inline report {

namespace {

// Appends the indices of the lowest and the highest of values[first, last), in rising order.
void append_extremes(const std::vector<double>& values, size_t first, size_t last,
                     std::vector<size_t>& kept) {
  size_t low = last, high = last;
  for (size_t at = first; at < last; ++at) {
    if (std::isnan(values[at])) continue;
    if (low == last || values[at] < values[low]) low = at;
    if (high == last || values[at] > values[high]) high = at;
  }
  if (low == last) return;
  kept.push_back(std::min(low, high));
  if (low != high) kept.push_back(std::max(low, high));
}

}  // namespace

std::vector<size_t> thinned(const std::vector<double>& values, size_t most) {
  invariant(most >= 4, "a thinned curve needs at least four points");
  std::vector<size_t> kept;
  if (values.size() <= most) {
    kept.resize(values.size());
    std::iota(kept.begin(), kept.end(), size_t{0});
    return kept;
  }
  const size_t stretches = (most - 2) / 2, inner = values.size() - 2;
  kept.push_back(0);
  for (size_t i = 0; i < stretches; ++i)
    append_extremes(values, 1 + inner * i / stretches, 1 + inner * (i + 1) / stretches, kept);
  kept.push_back(values.size() - 1);
  return kept;
}

}  // namespace muster::inline report
