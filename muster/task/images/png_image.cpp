#include "muster/task/images/png_image.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/images/exif_orientation.h"

namespace muster::inline task {

namespace {

class PngImage final : public EncodedImage {
 public:
  PngImage(std::string_view bytes, std::string name);
  ~PngImage() override { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  int64_t width() const override { return width_; }
  int64_t height() const override { return height_; }
  ImageOddities oddities() const override { return {.turned = turned_}; }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  // Calls of the library come back here; errors must not return and end in guarded().
  static PngImage& owner(png_structp png) { return *static_cast<PngImage*>(png_get_error_ptr(png)); }
  [[noreturn]] static void on_error(png_structp png, png_const_charp message);
  static void on_warning(png_structp, png_const_charp) {}  // colour profiles and the like
  static void on_read(png_structp png, png_bytep to, size_t count);

  /// Calls into the library; its errors become DataError. `body` must own nothing: a jump leaves it.
  template <class Body>
  void guarded(const Body& body) {
    if (setjmp(escape_) != 0) throw DataError(fmt::format("'{}' is no whole PNG image: {}", name_, message_));
    body();
  }
  void ask_for_rgb();
  void note_orientation();

  std::string name_;
  std::string_view left_;  // bytes not read yet
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf escape_{};
  char message_[120] = "";
  int64_t width_ = 0, height_ = 0;
  bool turned_ = false;
  std::vector<png_bytep> rows_;
};

void PngImage::on_error(png_structp png, png_const_charp message) {
  PngImage& image = owner(png);
  std::snprintf(image.message_, sizeof(image.message_), "%s", message);
  std::longjmp(image.escape_, 1);
}

void PngImage::on_read(png_structp png, png_bytep to, size_t count) {
  std::string_view& left = static_cast<PngImage*>(png_get_io_ptr(png))->left_;
  if (count > left.size()) png_error(png, "the file ends early");
  std::memcpy(to, left.data(), count);
  left.remove_prefix(count);
}

PngImage::PngImage(std::string_view bytes, std::string name) : name_(std::move(name)), left_(bytes) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
  invariant(png_ != nullptr, "libpng gave no reader");
  try {
    guarded([&] {
      info_ = png_create_info_struct(png_);
      png_set_read_fn(png_, this, on_read);
      png_read_info(png_, info_);
    });
  } catch (...) {
    png_destroy_read_struct(&png_, &info_, nullptr);
    throw;
  }
  width_ = png_get_image_width(png_, info_);
  height_ = png_get_image_height(png_, info_);
}

void PngImage::note_orientation() {
  png_bytep exif = nullptr;
  png_uint_32 length = 0;
  if (png_get_eXIf_1(png_, info_, &length, &exif) != 0)
    turned_ = exif_orientation({reinterpret_cast<const char*>(exif), length}) != 1;
}

void PngImage::ask_for_rgb() {
  png_set_expand(png_);  // palettes, and fewer than 8 bits
  png_set_scale_16(png_);
  png_set_strip_alpha(png_);
  png_set_gray_to_rgb(png_);
  png_set_interlace_handling(png_);
  png_read_update_info(png_, info_);
}

void PngImage::read(const Region&, double, PixelBlock& block) {
  guarded([&] { ask_for_rgb(); });
  invariant(static_cast<int64_t>(png_get_rowbytes(png_, info_)) == width_ * 3, "a PNG row is not RGB");
  block.become_whole(width_, height_);
  rows_.resize(static_cast<size_t>(height_));
  for (int64_t y = 0; y < height_; ++y) rows_[static_cast<size_t>(y)] = block.pixels.data() + y * width_ * 3;
  guarded([&] {
    png_read_image(png_, rows_.data());
    png_read_end(png_, info_);
  });
  note_orientation();
}

}  // namespace

std::unique_ptr<EncodedImage> open_png(std::string_view bytes, const std::string& name) {
  return std::make_unique<PngImage>(bytes, name);
}

}  // namespace muster::inline task
