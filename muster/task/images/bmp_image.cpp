#include "muster/task/images/bmp_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

using Rgb = std::array<uint8_t, 3>;

class BmpImage final : public EncodedImage {
 public:
  BmpImage(std::string_view bytes, std::string name);
  int64_t width() const override { return width_; }
  int64_t height() const override { return height_; }
  ImageOddities oddities() const override { return {}; }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  enum Compression : uint32_t {
    none = 0,
    runs_of_8_bits = 1,
    runs_of_4_bits = 2,
    masks = 3,
    masks_and_alpha = 6
  };

  [[noreturn]] void fail(const std::string& why) const {
    throw DataError(fmt::format("'{}' is no whole BMP image: {}", name_, why));
  }
  uint32_t number(int64_t at, int64_t width) const;
  void read_header();
  void check_form() const;
  void read_masks();
  void read_palette(int64_t header);
  void read_rows(PixelBlock& block) const;
  void read_runs(PixelBlock& block) const;
  Rgb colour_at(int64_t row_start, int64_t x) const;
  uint8_t* pixel(PixelBlock& block, int64_t x, int64_t y) const {
    return block.pixels.data() + 3 * ((from_above_ ? y : height_ - 1 - y) * width_ + x);
  }

  std::string name_;
  std::string_view bytes_;
  int64_t width_ = 0, height_ = 0, bits_ = 0, offset_ = 0;
  bool from_above_ = false;
  uint32_t compression_ = none;
  std::array<uint32_t, 3> masks_{};
  std::array<Rgb, 256> palette_{};
};

BmpImage::BmpImage(std::string_view bytes, std::string name) : name_(std::move(name)), bytes_(bytes) {
  read_header();
}

uint32_t BmpImage::number(int64_t at, int64_t width) const {
  if (at < 0 || at + width > static_cast<int64_t>(bytes_.size())) fail("it ends early");
  uint32_t value = 0;
  for (int64_t i = width; i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes_[static_cast<size_t>(at + i)]);
  return value;
}

void BmpImage::read_header() {
  offset_ = number(10, 4);
  const int64_t header = number(14, 4);
  if (header == 12) {
    width_ = number(18, 2);
    height_ = number(20, 2);
    bits_ = number(24, 2);
  } else if (header >= 16 && header <= 1024) {
    width_ = static_cast<int32_t>(number(18, 4));
    height_ = static_cast<int32_t>(number(22, 4));
    bits_ = number(28, 2);
    if (header >= 40) compression_ = number(30, 4);
  } else {
    fail("its header is of an unknown kind");
  }
  from_above_ = height_ < 0;
  height_ = std::abs(height_);
  check_form();
  if (bits_ > 8)
    read_masks();
  else
    read_palette(header);
}

void BmpImage::read_palette(int64_t header) {
  const int64_t entry = header == 12 ? 3 : 4;
  const int64_t used = header >= 40 ? number(46, 4) : 0;
  const int64_t colours = used > 0 ? std::min<int64_t>(used, int64_t{1} << bits_) : int64_t{1} << bits_;
  const int64_t room = (offset_ - 14 - header) / entry;  // OS/2's files hold fewer than they could
  for (int64_t i = 0; i < std::min(colours, room); ++i) {
    const uint32_t blue_green_red = number(14 + header + i * entry, 3);
    palette_[static_cast<size_t>(i)] = {static_cast<uint8_t>(blue_green_red >> 16),
                                        static_cast<uint8_t>(blue_green_red >> 8),
                                        static_cast<uint8_t>(blue_green_red)};
  }
}

void BmpImage::check_form() const {
  if (width_ < 1 || height_ < 1) fail("it has no pixel");
  const bool known =
      compression_ == none
          ? bits_ == 1 || bits_ == 4 || bits_ == 8 || bits_ == 16 || bits_ == 24 || bits_ == 32
      : compression_ == runs_of_8_bits ? bits_ == 8
      : compression_ == runs_of_4_bits
          ? bits_ == 4
          : (compression_ == masks || compression_ == masks_and_alpha) && (bits_ == 16 || bits_ == 32);
  if (!known) fail(fmt::format("{} bits a pixel in form {} are not read", bits_, compression_));
}

// Masks lie behind the first 40 bytes of the header in every version.
void BmpImage::read_masks() {
  masks_ = bits_ == 16 ? std::array<uint32_t, 3>{0x7C00, 0x03E0, 0x001F}
                       : std::array<uint32_t, 3>{0xFF0000, 0x00FF00, 0x0000FF};
  if (compression_ == none) return;
  for (int64_t c = 0; c < 3; ++c) masks_[static_cast<size_t>(c)] = number(14 + 40 + 4 * c, 4);
}

Rgb BmpImage::colour_at(int64_t row_start, int64_t x) const {
  if (bits_ <= 8) {
    const int64_t in_byte = 8 / bits_;
    const auto byte = static_cast<uint8_t>(bytes_[static_cast<size_t>(row_start + x / in_byte)]);
    return palette_[static_cast<size_t>(byte >> (8 - bits_ - x % in_byte * bits_) & ((1 << bits_) - 1))];
  }
  const int64_t width = bits_ / 8;
  const uint32_t value = number(row_start + x * width, width);
  Rgb rgb{};
  for (size_t c = 0; c < 3; ++c) {
    if (masks_[c] == 0) continue;
    const int shift = std::countr_zero(masks_[c]);
    const uint64_t largest = masks_[c] >> shift, part = (value & masks_[c]) >> shift;
    rgb[c] = static_cast<uint8_t>((part * 255 + largest / 2) / largest);
  }
  return rgb;
}

void BmpImage::read_rows(PixelBlock& block) const {
  const int64_t row = (width_ * bits_ + 31) / 32 * 4;
  // The padding of the last row may be missing.
  const int64_t last = (width_ * bits_ + 7) / 8;
  if (offset_ > static_cast<int64_t>(bytes_.size()) ||
      (static_cast<int64_t>(bytes_.size()) - offset_ - last) / row + 1 < height_ ||
      static_cast<int64_t>(bytes_.size()) - offset_ < last)
    fail("it ends early");
  block.become_whole(width_, height_);
  for (int64_t y = 0; y < height_; ++y)
    for (int64_t x = 0; x < width_; ++x) {
      const Rgb rgb = colour_at(offset_ + y * row, x);
      std::copy(rgb.begin(), rgb.end(), pixel(block, x, y));
    }
}

// Pairs (count, colours); a count of 0 begins an escape: 0 end of line, 1 end of image, 2 move, n colours as
// they are.
void BmpImage::read_runs(PixelBlock& block) const {
  block.become_whole(width_, height_);
  for (int64_t i = 0; i < width_ * height_; ++i)
    std::copy(palette_[0].begin(), palette_[0].end(), block.pixels.begin() + 3 * i);
  int64_t x = 0, y = 0, at = offset_;
  const auto put = [&](uint32_t index) {
    if (x < width_ && y < height_)
      std::copy(palette_[index].begin(), palette_[index].end(), pixel(block, x, y));
    ++x;
  };
  // Colour i of bytes that begin at `from`; a run repeats its one byte.
  const auto colour = [&](int64_t from, int64_t i) {
    return bits_ == 8 ? number(from + i, 1) : number(from + i / 2, 1) >> (i % 2 == 0 ? 4 : 0) & 15U;
  };
  while (y < height_) {
    const int64_t count = number(at, 1), code = number(at + 1, 1);
    at += 2;
    if (count > 0) {
      for (int64_t i = 0; i < count; ++i) put(colour(at - 1, bits_ == 8 ? 0 : i % 2));
    } else if (code == 0) {
      x = 0;
      ++y;
    } else if (code == 1) {
      return;
    } else if (code == 2) {
      x += number(at, 1);
      y += number(at + 1, 1);
      at += 2;
    } else {
      for (int64_t i = 0; i < code; ++i) put(colour(at, i));
      const int64_t used = (code * bits_ + 7) / 8;
      at += used + used % 2;
    }
  }
}

void BmpImage::read(const Region&, double, PixelBlock& block) {
  if (compression_ == runs_of_8_bits || compression_ == runs_of_4_bits)
    read_runs(block);
  else
    read_rows(block);
}

}  // namespace

std::unique_ptr<EncodedImage> open_bmp(std::string_view bytes, const std::string& name) {
  return std::make_unique<BmpImage>(bytes, name);
}

}  // namespace muster::inline task
