#include "muster/task/images/normalise_kernel.h"

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

template <class T>
void write(std::span<const T> rgb, int64_t width, int64_t height, bool mirror,
           const ChannelStatistics& statistics, std::span<float> output) {
  invariant(static_cast<int64_t>(rgb.size()) == width * height * 3 && output.size() == rgb.size(),
            "normalisation into another size");
  for (int64_t c = 0; c < 3; ++c) {
    const auto channel = static_cast<size_t>(c);
    const auto scale = static_cast<float>(1.0 / (255.0 * statistics.deviation[channel]));
    const auto black = static_cast<float>(-statistics.mean[channel] / statistics.deviation[channel]);
    float* out = output.data() + c * height * width;
    for (int64_t y = 0; y < height; ++y, out += width) {
      const T* row = rgb.data() + y * width * 3 + c;
      if (mirror)
        for (int64_t x = 0; x < width; ++x)
          out[x] = static_cast<float>(row[3 * (width - 1 - x)]) * scale + black;
      else
        for (int64_t x = 0; x < width; ++x) out[x] = static_cast<float>(row[3 * x]) * scale + black;
    }
  }
}

}  // namespace

void normalise(std::span<const float> rgb, int64_t width, int64_t height, bool mirror,
               const ChannelStatistics& statistics, std::span<float> output) {
  write(rgb, width, height, mirror, statistics, output);
}

void normalise(std::span<const uint8_t> rgb, int64_t width, int64_t height, bool mirror,
               const ChannelStatistics& statistics, std::span<float> output) {
  write(rgb, width, height, mirror, statistics, output);
}

}  // namespace muster::inline task
