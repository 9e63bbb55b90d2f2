#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace muster::kernel {

/// A bucket whose scale is below is sent as zeros, lest levels / scale overflow.
inline constexpr float smallest_scale = 1e-30F;

/// Largest magnitude of some values. Compared as integers, which puts NaN above infinity and infinity above
/// all numbers, so that neither is hidden.
[[gnu::always_inline]] inline float largest_magnitude(const float* values, int64_t size) {
  int32_t largest = 0;
  for (int64_t i = 0; i < size; ++i)
    largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7FFFFFFF);
  return std::bit_cast<float>(largest);
}

}  // namespace muster::kernel
