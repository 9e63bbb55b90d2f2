#include "muster/task/images/pnm_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

constexpr int64_t most = 1'000'000'000;  // of any number in a file

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class PnmImage final : public EncodedImage {
 public:
  PnmImage(std::string_view bytes, std::string name);
  int64_t width() const override { return width_; }
  int64_t height() const override { return height_; }
  ImageOddities oddities() const override { return {}; }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  [[noreturn]] void fail(const char* why) const {
    throw DataError(fmt::format("'{}' is no whole portable image (PBM, PGM, PPM): {}", name_, why));
  }
  bool plain() const { return kind_ <= '3'; }
  bool bits() const { return kind_ == '1' || kind_ == '4'; }
  int64_t channels() const { return kind_ == '3' || kind_ == '6' ? 3 : 1; }
  void skip_blanks_and_comments();
  int64_t number();
  int64_t plain_bit();
  int64_t raw_sample();
  void require_raw_bytes() const;
  uint8_t scaled(int64_t value) const;
  void read_raw_bits(PixelBlock& block);

  std::string name_;
  std::string_view left_;  // bytes not read yet
  char kind_;
  int64_t width_ = 0, height_ = 0, largest_ = 1;
};

PnmImage::PnmImage(std::string_view bytes, std::string name)
    : name_(std::move(name)), left_(bytes.substr(2)), kind_(bytes[1]) {
  width_ = number();
  height_ = number();
  if (!bits()) largest_ = number();
  if (width_ < 1 || height_ < 1) fail("it has no pixel");
  if (largest_ < 1 || largest_ > 65535) fail("its largest value is not 1 to 65535");
  if (plain()) return;
  if (left_.empty() || !is_blank(left_[0])) fail("a blank is missing behind its header");
  left_.remove_prefix(1);
}

void PnmImage::skip_blanks_and_comments() {
  while (!left_.empty() && (is_blank(left_[0]) || left_[0] == '#')) {
    if (left_[0] == '#') left_.remove_prefix(std::min(left_.size(), left_.find('\n')));
    if (!left_.empty()) left_.remove_prefix(1);
  }
}

int64_t PnmImage::number() {
  skip_blanks_and_comments();
  if (left_.empty()) fail("it ends early");
  if (!is_digit(left_[0])) fail("a number is missing");
  int64_t value = 0;
  for (; !left_.empty() && is_digit(left_[0]); left_.remove_prefix(1))
    value = std::min(most, 10 * value + (left_[0] - '0'));
  return value;
}

// Plain bits need no blanks between them.
int64_t PnmImage::plain_bit() {
  skip_blanks_and_comments();
  if (left_.empty()) fail("it ends early");
  if (left_[0] != '0' && left_[0] != '1') fail("a bit is missing");
  const int64_t bit = left_[0] - '0';
  left_.remove_prefix(1);
  return bit;
}

// REQUIRES: the bytes exist (require_raw_bytes).
int64_t PnmImage::raw_sample() {
  int64_t value = static_cast<uint8_t>(left_[0]);
  if (largest_ > 255) value = 256 * value + static_cast<uint8_t>(left_[1]);
  left_.remove_prefix(largest_ > 255 ? 2 : 1);
  return value;
}

void PnmImage::require_raw_bytes() const {
  const int64_t row = bits() ? (width_ + 7) / 8 : width_ * channels() * (largest_ > 255 ? 2 : 1);
  if (static_cast<int64_t>(left_.size()) / row < height_) fail("it ends early");
}

uint8_t PnmImage::scaled(int64_t value) const {
  if (bits()) return value != 0 ? 0 : 255;  // 1 is black
  return static_cast<uint8_t>((std::min(value, largest_) * 255 + largest_ / 2) / largest_);
}

void PnmImage::read_raw_bits(PixelBlock& block) {
  const int64_t row = (width_ + 7) / 8;
  uint8_t* rgb = block.pixels.data();
  for (int64_t y = 0; y < height_; ++y)
    for (int64_t x = 0; x < width_; ++x, rgb += 3) {
      const auto byte = static_cast<uint8_t>(left_[static_cast<size_t>(y * row + x / 8)]);
      std::fill_n(rgb, 3, scaled(byte >> (7 - x % 8) & 1));
    }
}

void PnmImage::read(const Region&, double, PixelBlock& block) {
  // Plain samples have a byte at least.
  if (plain() && static_cast<int64_t>(left_.size()) / channels() / width_ < height_) fail("it ends early");
  if (!plain()) require_raw_bytes();
  block.become_whole(width_, height_);
  if (kind_ == '4') return read_raw_bits(block);
  const auto next = [&] { return scaled(kind_ == '1' ? plain_bit() : plain() ? number() : raw_sample()); };
  for (auto rgb = block.pixels.begin(); rgb != block.pixels.end(); rgb += 3) {
    if (channels() == 1)
      std::fill_n(rgb, 3, next());
    else
      std::generate_n(rgb, 3, next);
  }
}

}  // namespace

bool begins_as_pnm(std::string_view bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
         (is_blank(bytes[2]) || bytes[2] == '#');
}

std::unique_ptr<EncodedImage> open_pnm(std::string_view bytes, const std::string& name) {
  return std::make_unique<PnmImage>(bytes, name);
}

}  // namespace muster::inline task
