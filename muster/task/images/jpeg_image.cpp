#include "muster/task/images/jpeg_image.h"

#include <fmt/format.h>
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>

#include "muster/base/error.h"
#include "muster/task/images/exif_orientation.h"

namespace muster::inline task {

namespace {

// Columns and rows decoded around the region, so that smooth upsampling of colours has the same inputs as in
// the whole image.
constexpr int64_t margin = 2;

struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool surplus_bytes;
};

// Oddities that leave every pixel as it was written; all else that the library warns of has lost some.
bool is_harmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM ||
         code == JWRN_NOT_SEQUENTIAL || code == JWRN_BOGUS_PROGRESSION || code == JWRN_BOGUS_ICC;
}

// The library expects that its errors do not return; the jump ends in JpegImage::guarded.
[[noreturn]] void leave(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  std::longjmp(manager->escape, 1);
}

// Level -1 is a warning, others are traces.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  if (!is_harmless(info->err->msg_code)) leave(info);
  if (info->err->msg_code == JWRN_EXTRANEOUS_DATA)
    reinterpret_cast<ErrorManager*>(info->err)->surplus_bytes = true;
}

// n of the scale n/8 whose pixels cover at most `coarsest` pixels of the image: 8, 4, 2 or 1. The scales
// between them have no vectorised transform; the resize does their work in less time.
unsigned int smallest_scale(double coarsest) {
  unsigned int scale = 8;
  while (scale > 1 && 16.0 / scale <= coarsest) scale /= 2;
  return scale;
}

// Printing inks to light; files hold them inverted, as Adobe's do (Pillow takes all of them for such).
void inks_to_rgb(const uint8_t* inverted, int64_t width, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x)
    for (int64_t c = 0; c < 3; ++c)
      rgb[3 * x + c] = static_cast<uint8_t>((inverted[4 * x + c] * inverted[4 * x + 3] + 127) / 255);
}

class JpegImage final : public EncodedImage {
 public:
  JpegImage(std::string_view bytes, std::string name);
  ~JpegImage() override { jpeg_destroy_decompress(&info_); }
  JpegImage(const JpegImage&) = delete;
  JpegImage& operator=(const JpegImage&) = delete;
  int64_t width() const override { return info_.image_width; }
  int64_t height() const override { return info_.image_height; }
  ImageOddities oddities() const override {
    return {.surplus_bytes = errors_.surplus_bytes, .turned = turned_};
  }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  /// Calls into the library; its errors become DataError. `body` must own nothing: a jump leaves it.
  template <class Body>
  void guarded(const Body& body) {
    if (setjmp(errors_.escape) != 0)
      throw DataError(fmt::format("'{}' is no whole JPEG image: {}", name_, errors_.message));
    body();
  }
  void note_orientation();
  void start(double coarsest);
  void crop_columns(const Region& region, PixelBlock& block);
  void read_rows(const Region& region, PixelBlock& block);
  void read_to_the_end();
  void read_row(uint8_t* rgb);

  std::string name_;
  ErrorManager errors_{};
  jpeg_decompress_struct info_{};
  bool inks_ = false;
  bool turned_ = false;
  std::vector<uint8_t> ink_row_;
  std::vector<uint8_t> spare_row_;
};

JpegImage::JpegImage(std::string_view bytes, std::string name) : name_(std::move(name)) {
  info_.err = jpeg_std_error(&errors_.base);
  errors_.base.error_exit = leave;
  errors_.base.emit_message = on_message;
  try {
    guarded([&] {
      jpeg_create_decompress(&info_);
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
      jpeg_read_header(&info_, TRUE);
    });
    note_orientation();
  } catch (...) {
    jpeg_destroy_decompress(&info_);
    throw;
  }
}

void JpegImage::note_orientation() {
  for (const jpeg_marker_struct* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with("Exif")) turned_ = exif_orientation(data) != 1;
  }
}

void JpegImage::start(double coarsest) {
  inks_ = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  info_.out_color_space = inks_ ? JCS_CMYK : JCS_RGB;
  info_.scale_num = smallest_scale(coarsest);
  info_.scale_denom = 8;
  info_.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info_);
}

void JpegImage::crop_columns(const Region& region, PixelBlock& block) {
  const double scale = 1.0 / block.step;
  const auto first = static_cast<int64_t>(std::floor(static_cast<double>(region.left) * scale)) - margin;
  const auto end =
      static_cast<int64_t>(std::ceil(static_cast<double>(region.left + region.width) * scale)) + margin;
  auto left = static_cast<JDIMENSION>(std::max<int64_t>(0, first));
  auto width = static_cast<JDIMENSION>(std::min<int64_t>(info_.output_width, end)) - left;
  if (width < info_.output_width) jpeg_crop_scanline(&info_, &left, &width);
  block.left = static_cast<double>(left) * block.step;
  block.width = width;
}

// Rows above the region are decoded no further than their codes.
void JpegImage::read_rows(const Region& region, PixelBlock& block) {
  const double scale = 1.0 / block.step;
  const auto first = std::max<int64_t>(
      0, static_cast<int64_t>(std::floor(static_cast<double>(region.top) * scale)) - margin);
  const auto end = std::min<int64_t>(
      info_.output_height,
      static_cast<int64_t>(std::ceil(static_cast<double>(region.top + region.height) * scale)) + margin);
  block.top = static_cast<double>(first) * block.step;
  block.height = end - first;
  block.pixels.resize(static_cast<size_t>(block.width * block.height * 3));
  guarded([&] {
    if (first > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(first));
    for (int64_t y = 0; y < block.height; ++y) read_row(block.pixels.data() + y * block.width * 3);
  });
}

// All but one row below: skipping to the very end would not look at the data.
void JpegImage::read_to_the_end() {
  const JDIMENSION left = info_.output_height - info_.output_scanline;
  if (left > 1) jpeg_skip_scanlines(&info_, left - 1);
  if (left > 0) read_row(spare_row_.data());
  jpeg_finish_decompress(&info_);
}

void JpegImage::read_row(uint8_t* rgb) {
  JSAMPROW row = inks_ ? ink_row_.data() : rgb;
  jpeg_read_scanlines(&info_, &row, 1);
  if (inks_) inks_to_rgb(ink_row_.data(), info_.output_width, rgb);
}

void JpegImage::read(const Region& region, double coarsest, PixelBlock& block) {
  guarded([&] {
    start(coarsest);
    block.step = 8.0 / static_cast<double>(info_.scale_num);
    crop_columns(region, block);
  });
  if (inks_) ink_row_.resize(static_cast<size_t>(block.width) * 4);
  spare_row_.resize(static_cast<size_t>(block.width) * 3);
  read_rows(region, block);
  guarded([&] { read_to_the_end(); });
}

}  // namespace

std::unique_ptr<EncodedImage> open_jpeg(std::string_view bytes, const std::string& name) {
  return std::make_unique<JpegImage>(bytes, name);
}

}  // namespace muster::inline task
