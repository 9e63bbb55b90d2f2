#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace muster::inline task {

/// Mean and standard deviation of each channel, of pixels in [0, 1]. The defaults are ImageNet's.
struct ChannelStatistics {
  std::array<double, 3> mean{0.485, 0.456, 0.406};
  std::array<double, 3> deviation{0.229, 0.224, 0.225};
  bool operator==(const ChannelStatistics&) const = default;
};

/// Interleaved RGB of 0 to 255 -> channels one after the other, each (value / 255 - mean) / deviation;
/// `mirror` swaps left and right. REQUIRES: `output` has 3 x height x width elements.
void normalise(std::span<const float> rgb, int64_t width, int64_t height, bool mirror,
               const ChannelStatistics& statistics, std::span<float> output);
void normalise(std::span<const uint8_t> rgb, int64_t width, int64_t height, bool mirror,
               const ChannelStatistics& statistics, std::span<float> output);

}  // namespace muster::inline task
