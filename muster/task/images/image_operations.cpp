#include "muster/task/images/image_operations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace muster::inline task {

namespace {

using Histogram = std::array<int64_t, 256>;
using Table = std::array<uint8_t, 256>;

// ITU-R 601-2 in 16 bits, as Pillow converts to "L".
uint8_t gray_of(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

// Pillow's ImagingBlend: single precision, cut off and not rounded.
uint8_t blend(uint8_t degenerate, uint8_t value, float factor) {
  const float mixed = static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
  return static_cast<uint8_t>(std::clamp(mixed, 0.0F, 255.0F));
}

// Source of pixel centre (x, y): (a x + b y + c, d x + e y + f).
struct Affine {
  double a, b, c, d, e, f;
};

int64_t fixed(double value) { return static_cast<int64_t>(std::floor(value * 65536.0 + 0.5)); }

// Nearest pixels in steps of 1/65536, as Pillow's affine_fixed.
void transform(Picture picture, const Affine& m) {
  const std::vector<uint8_t> source(picture.rgb.begin(), picture.rgb.end());
  const int64_t across_x = fixed(m.a), across_y = fixed(m.d), down_x = fixed(m.b), down_y = fixed(m.e);
  int64_t row_x = fixed(m.c + m.a * 0.5 + m.b * 0.5), row_y = fixed(m.f + m.d * 0.5 + m.e * 0.5);
  uint8_t* out = picture.rgb.data();
  for (int64_t y = 0; y < picture.height; ++y, row_x += down_x, row_y += down_y) {
    int64_t at_x = row_x, at_y = row_y;
    for (int64_t x = 0; x < picture.width; ++x, at_x += across_x, at_y += across_y, out += 3) {
      const int64_t from_x = at_x >> 16, from_y = at_y >> 16;
      const bool exists = from_x >= 0 && from_x < picture.width && from_y >= 0 && from_y < picture.height;
      if (exists)
        std::copy_n(source.data() + (from_y * picture.width + from_x) * 3, 3, out);
      else
        std::fill_n(out, 3, uint8_t{0});
    }
  }
}

Histogram histogram(const Picture& picture, size_t channel) {
  Histogram counts{};
  for (size_t i = channel; i < picture.rgb.size(); i += 3) ++counts[picture.rgb[i]];
  return counts;
}

void look_up(Picture picture, size_t channel, const Table& table) {
  for (size_t i = channel; i < picture.rgb.size(); i += 3) picture.rgb[i] = table[picture.rgb[i]];
}

template <class Function>
void map_values(Picture picture, Function function) {
  Table table{};
  for (size_t value = 0; value < 256; ++value) table[value] = function(static_cast<int>(value));
  for (size_t channel = 0; channel < 3; ++channel) look_up(picture, channel, table);
}

// Pillow's filter SMOOTH: 5 for the pixel and 1 for each of its eight neighbours, over 13; the border stays.
std::vector<uint8_t> smoothed(const Picture& picture) {
  std::vector<uint8_t> out(picture.rgb.begin(), picture.rgb.end());
  const int64_t stride = picture.width * 3;
  for (int64_t y = 1; y + 1 < picture.height; ++y)
    for (int64_t i = y * stride + 3; i < (y + 1) * stride - 3; ++i) {
      const uint8_t* at = picture.rgb.data() + i;
      const int sum = at[-stride - 3] + at[-stride] + at[-stride + 3] + at[-3] + 5 * at[0] + at[3] +
                      at[stride - 3] + at[stride] + at[stride + 3];
      out[static_cast<size_t>(i)] = static_cast<uint8_t>((2 * sum + 13) / 26);
    }
  return out;
}

}  // namespace

void shear_x(Picture picture, double slope) { transform(picture, {1, slope, 0, 0, 1, 0}); }
void shear_y(Picture picture, double slope) { transform(picture, {1, 0, 0, slope, 1, 0}); }

void translate_x(Picture picture, int64_t pixels) {
  transform(picture, {1, 0, -static_cast<double>(pixels), 0, 1, 0});
}

void translate_y(Picture picture, int64_t pixels) {
  transform(picture, {1, 0, 0, 0, 1, -static_cast<double>(pixels)});
}

void rotate(Picture picture, double degrees) {
  const double angle = -degrees * std::numbers::pi / 180.0;
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double x = static_cast<double>(picture.width) / 2, y = static_cast<double>(picture.height) / 2;
  transform(picture, {cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y});
}

void adjust_brightness(Picture picture, double factor) {
  const auto share = static_cast<float>(factor);
  map_values(picture, [&](int value) { return blend(0, static_cast<uint8_t>(value), share); });
}

void adjust_contrast(Picture picture, double factor) {
  double sum = 0;
  for (size_t i = 0; i < picture.rgb.size(); i += 3) sum += gray_of(picture.rgb.data() + i);
  const auto mean =
      static_cast<uint8_t>(std::floor(sum / static_cast<double>(picture.width * picture.height) + 0.5));
  const auto share = static_cast<float>(factor);
  map_values(picture, [&](int value) { return blend(mean, static_cast<uint8_t>(value), share); });
}

void adjust_color(Picture picture, double factor) {
  const auto share = static_cast<float>(factor);
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    const uint8_t gray = gray_of(picture.rgb.data() + i);
    for (size_t c = i; c < i + 3; ++c) picture.rgb[c] = blend(gray, picture.rgb[c], share);
  }
}

void adjust_sharpness(Picture picture, double factor) {
  const auto share = static_cast<float>(factor);
  const std::vector<uint8_t> smooth = smoothed(picture);
  for (size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = blend(smooth[i], picture.rgb[i], share);
}

void posterize(Picture picture, int bits) {
  const int kept = ~((1 << (8 - bits)) - 1);
  map_values(picture, [&](int value) { return static_cast<uint8_t>(value & kept); });
}

void solarize(Picture picture, double threshold) {
  map_values(picture,
             [&](int value) { return static_cast<uint8_t>(value < threshold ? value : 255 - value); });
}

void auto_contrast(Picture picture) {
  for (size_t channel = 0; channel < 3; ++channel) {
    const Histogram counts = histogram(picture, channel);
    int low = 0, high = 255;
    while (low < 255 && counts[static_cast<size_t>(low)] == 0) ++low;
    while (high > 0 && counts[static_cast<size_t>(high)] == 0) --high;
    if (high <= low) continue;
    const double scale = 255.0 / (high - low), offset = -low * scale;
    Table table{};
    for (size_t value = 0; value < 256; ++value)
      table[value] = static_cast<uint8_t>(
          std::clamp(static_cast<int>(static_cast<double>(value) * scale + offset), 0, 255));
    look_up(picture, channel, table);
  }
}

void equalize(Picture picture) {
  for (size_t channel = 0; channel < 3; ++channel) {
    const Histogram counts = histogram(picture, channel);
    const auto last = std::find_if(counts.rbegin(), counts.rend(), [](int64_t count) { return count > 0; });
    if (last == counts.rend()) continue;
    const int64_t step = (picture.width * picture.height - *last) / 255;
    if (step == 0) continue;
    Table table{};
    int64_t sum = step / 2;
    for (size_t value = 0; value < 256; ++value) {
      table[value] = static_cast<uint8_t>(std::min<int64_t>(255, sum / step));
      sum += counts[value];
    }
    look_up(picture, channel, table);
  }
}

}  // namespace muster::inline task
