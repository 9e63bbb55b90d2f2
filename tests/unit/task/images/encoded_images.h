#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::test {

/// Pixels to be written: `channels` bytes side by side (1 gray, 2 gray and alpha, 3 RGB, 4 RGBA or CMYK).
struct RawImage {
  int64_t width = 0, height = 0, channels = 3;
  std::vector<uint8_t> pixels;
  uint8_t at(int64_t x, int64_t y, int64_t c) const {
    return pixels[static_cast<size_t>((y * width + x) * channels + c)];
  }
};

/// A smooth picture, so that lossy compression stays close to it.
RawImage smooth_image(int64_t width, int64_t height, int64_t channels = 3);

struct JpegForm {
  int quality = 92;
  int colour_sampling = 2;  ///< 2: colours at half the resolution (4:2:0); 1: at the full one
  bool progressive = false;
  int restart_rows = 0;
};

/// The bytes of a JPEG file: gray, RGB, or (4 channels) CMYK inverted as Adobe does.
std::string encode_jpeg(const RawImage& image, const JpegForm& form = {});

struct PngForm {
  int bits = 8;  ///< 16 writes value * 257, 1 writes value >= 128 (gray)
  bool palette = false;
  bool interlaced = false;
};

/// The bytes of a PNG file; a palette holds the colours (v, 255 - v, v / 2) for the values v of one channel.
std::string encode_png(const RawImage& image, const PngForm& form = {});

}  // namespace muster::test
