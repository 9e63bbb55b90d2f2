#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/task/images/random_resized_crop.h"

namespace muster::inline task {

/// Decoded pixels of a rectangle of an image: red, green and blue bytes side by side, row by row. One pixel
/// of the block covers step x step pixels of the image.
struct PixelBlock {
  int64_t width = 0;
  int64_t height = 0;
  double left = 0;  ///< of the block's corner, in pixels of the image
  double top = 0;
  double step = 1;
  std::vector<uint8_t> pixels;
  /// Makes room for a whole image at full scale.
  void become_whole(int64_t whole_width, int64_t whole_height);
  const uint8_t* row(int64_t y) const { return pixels.data() + y * width * 3; }
};

/// Larger images are refused: they are mistakes or attacks ("decompression bombs"), and would not fit.
constexpr int64_t largest_image_pixels = 100'000'000;

/// Oddities of an image that is whole all the same.
struct ImageOddities {
  bool surplus_bytes = false;  ///< JPEG: bytes before a marker that belong to nothing
  bool turned = false;         ///< EXIF says that it is to be shown rotated or mirrored; it is not
};

/// An image file whose size is known and whose pixels are not decoded yet.
class EncodedImage {
 public:
  virtual ~EncodedImage() = default;
  virtual int64_t width() const = 0;
  virtual int64_t height() const = 0;
  /// Decodes at least `region` into `block` (whose memory is reused), in steps of at most `coarsest`
  /// pixels where the format can decode at a smaller scale. The file is checked to its end, so that it is
  /// broken or not whatever the region. Call once. Throws DataError.
  virtual void read(const Region& region, double coarsest, PixelBlock& block) = 0;
  /// Known after read().
  virtual ImageOddities oddities() const = 0;
};

/// Opens the bytes of a JPEG, PNG, WebP, TIFF, BMP or portable (PBM, PGM, PPM) file, told apart by their
/// first bytes, not by the file's name. Every colour type becomes RGB of 8 bits, as by Pillow's
/// convert("RGB"): gray is repeated, CMYK converted, palettes looked up, transparency dropped and not
/// blended; 16 bits are scaled. A rotation noted in EXIF is not applied. `bytes` must outlive the result.
/// Throws DataError, with `name` and what is wrong, for an empty file, another format, damage, or more than
/// largest_image_pixels.
std::unique_ptr<EncodedImage> open_image(std::string_view bytes, const std::string& name);

}  // namespace muster::inline task
