#include "muster/task/images/tiff_image.h"

#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

constexpr int most_samples = 16;                        // of one pixel
constexpr tmsize_t largest_allocation = 1'600'000'000;  // 16 samples of the largest image

class TiffImage final : public EncodedImage {
 public:
  TiffImage(std::string_view bytes, std::string name);
  ~TiffImage() override { TIFFClose(tiff_); }
  TiffImage(const TiffImage&) = delete;
  TiffImage& operator=(const TiffImage&) = delete;
  int64_t width() const override { return width_; }
  int64_t height() const override { return height_; }
  ImageOddities oddities() const override { return {.turned = orientation_ >= 2 && orientation_ <= 8}; }
  void read(const Region& region, double coarsest, PixelBlock& block) override;

 private:
  // What the library calls; nothing may be thrown through it.
  static TiffImage& owner(thandle_t handle) { return *static_cast<TiffImage*>(handle); }
  static tmsize_t on_read(thandle_t handle, void* to, tmsize_t count);
  static tmsize_t on_write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t on_seek(thandle_t handle, toff_t offset, int from);
  static int on_close(thandle_t) { return 0; }
  static toff_t on_size(thandle_t handle) { return owner(handle).bytes_.size(); }
  // Without a map the library's version 4.5.0 refuses uncompressed tiles whose size is no multiple of 1024.
  static int on_map(thandle_t handle, void** base, toff_t* size);
  static void on_unmap(thandle_t, void*, toff_t) {}
  static int on_error(TIFF*, void* user, const char*, const char* format, std::va_list values);
  static int on_warning(TIFF*, void*, const char*, const char*, std::va_list) { return 1; }

  [[noreturn]] void fail(const char* why) const {
    throw DataError(
        fmt::format("'{}' is no whole TIFF image: {}", name_, why[0] != '\0' ? why : "its data are damaged"));
  }
  void open();
  void check_form();
  void ask_for_plain_alpha();
  void decode(std::vector<uint32_t>& raster);

  std::string name_;
  std::string_view bytes_;
  toff_t at_ = 0;
  TIFF* tiff_ = nullptr;
  char message_[200] = "";
  int64_t width_ = 0, height_ = 0;
  uint16_t orientation_ = 1;
  bool premultiplied_ = false;
};

tmsize_t TiffImage::on_read(thandle_t handle, void* to, tmsize_t count) {
  TiffImage& image = owner(handle);
  if (image.at_ >= image.bytes_.size() || count <= 0) return 0;
  const size_t some = std::min<size_t>(static_cast<size_t>(count), image.bytes_.size() - image.at_);
  std::memcpy(to, image.bytes_.data() + image.at_, some);
  image.at_ += some;
  return static_cast<tmsize_t>(some);
}

toff_t TiffImage::on_seek(thandle_t handle, toff_t offset, int from) {
  TiffImage& image = owner(handle);
  const toff_t base = from == SEEK_CUR ? image.at_ : from == SEEK_END ? image.bytes_.size() : 0;
  return image.at_ = base + offset;
}

// A file opened for reading is not written to.
int TiffImage::on_map(thandle_t handle, void** base, toff_t* size) {
  const std::string_view bytes = owner(handle).bytes_;
  *base = const_cast<char*>(bytes.data());
  *size = bytes.size();
  return 1;
}

// The first error is the cause of the others.
int TiffImage::on_error(TIFF*, void* user, const char*, const char* format, std::va_list values) {
  TiffImage& image = *static_cast<TiffImage*>(user);
  if (image.message_[0] == '\0') std::vsnprintf(image.message_, sizeof(image.message_), format, values);
  std::replace(std::begin(image.message_), std::end(image.message_), '\n', ' ');
  return 1;
}

TiffImage::TiffImage(std::string_view bytes, std::string name) : name_(std::move(name)), bytes_(bytes) {
  open();
  try {
    check_form();
    ask_for_plain_alpha();
  } catch (...) {
    TIFFClose(tiff_);
    throw;
  }
}

void TiffImage::open() {
  TIFFOpenOptions* const options = TIFFOpenOptionsAlloc();
  invariant(options != nullptr, "libtiff gave no options");
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, largest_allocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, this);
  tiff_ = TIFFClientOpenExt("image", "r", this, on_read, on_write, on_seek, on_close, on_size, on_map,
                            on_unmap, options);
  TIFFOpenOptionsFree(options);
  if (tiff_ == nullptr) fail(message_);
}

void TiffImage::check_form() {
  uint32_t width = 0, height = 0;
  uint16_t samples = 1;
  TIFFGetField(tiff_, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff_, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff_, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff_, TIFFTAG_ORIENTATION, &orientation_);
  if (width < 1 || height < 1) fail("it has no pixel");
  if (samples > most_samples) fail("its pixels have too many samples");
  width_ = width;
  height_ = height;
}

// The library multiplies colours by an alpha that it takes for unassociated: it is called associated here, so
// that colours come as they are stored.
void TiffImage::ask_for_plain_alpha() {
  uint16_t count = 0;
  uint16_t* kinds = nullptr;
  if (TIFFGetField(tiff_, TIFFTAG_EXTRASAMPLES, &count, &kinds) == 0 || count == 0 || count > most_samples)
    return;
  premultiplied_ = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  if (kinds[0] != EXTRASAMPLE_UNASSALPHA) return;
  std::array<uint16_t, most_samples> changed{};
  std::copy_n(kinds, count, changed.begin());
  changed[0] = EXTRASAMPLE_ASSOCALPHA;
  if (TIFFSetField(tiff_, TIFFTAG_EXTRASAMPLES, count, changed.data()) == 0) fail(message_);
}

void TiffImage::decode(std::vector<uint32_t>& raster) {
  const uint64_t piece = TIFFIsTiled(tiff_) != 0 ? TIFFTileSize64(tiff_) : TIFFStripSize64(tiff_);
  const auto pixels = static_cast<uint64_t>(width_ * height_);
  if (piece == 0 || piece > std::max<uint64_t>(uint64_t{1} << 24, 4 * most_samples * pixels))
    fail("its strips or tiles are far larger than the image");
  TIFFRGBAImage image;
  char why[1024] = "";
  if (TIFFRGBAImageBegin(&image, tiff_, 1, why) == 0) fail(why[0] != '\0' ? why : message_);
  image.req_orientation = image.orientation;  // rows and columns stay as they are stored
  const int whole = TIFFRGBAImageGet(&image, raster.data(), image.width, image.height);
  TIFFRGBAImageEnd(&image);
  if (whole == 0) fail(message_);
}

void TiffImage::read(const Region&, double, PixelBlock& block) {
  std::vector<uint32_t> raster(static_cast<size_t>(width_ * height_));
  decode(raster);
  block.become_whole(width_, height_);
  uint8_t* rgb = block.pixels.data();
  for (const uint32_t pixel : raster) {
    const uint32_t alpha = TIFFGetA(pixel);
    for (const uint32_t value : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)})
      *rgb++ = static_cast<uint8_t>(!premultiplied_ || alpha == 255 ? value
                                    : alpha == 0                    ? 0
                                                                    : std::min(255U, 255 * value / alpha));
  }
}

}  // namespace

std::unique_ptr<EncodedImage> open_tiff(std::string_view bytes, const std::string& name) {
  return std::make_unique<TiffImage>(bytes, name);
}

}  // namespace muster::inline task
