#pragma once

#include <cstdint>
#include <string>

#include "tests/unit/task/images/encoded_images.h"

namespace muster::test {

/// The bytes of a lossless WebP file of 3 or 4 channels.
std::string encode_webp(const RawImage& image);
/// A WebP animation of one frame: the image at (left, top) of a larger canvas.
std::string encode_animation(const RawImage& image, int left, int top, int width, int height);

struct TiffForm {
  int compression = 1;  ///< libtiff's number: 1 none, 5 LZW, 8 deflate, 32773 PackBits
  int bits = 8;         ///< 16 writes value * 257
  bool tiled = false;
  bool inks = false;           ///< 4 channels are CMYK, not RGB and alpha
  bool premultiplied = false;  ///< colours are multiplied by alpha
  int orientation = 1;
};

/// The bytes of a TIFF file of 1 to 4 channels.
std::string encode_tiff(const RawImage& image, const TiffForm& form = {});

/// Raw P5 or P6 of 1 or 3 channels; values are scaled to `largest`.
std::string encode_pnm(const RawImage& image, int largest = 255);
/// The same as text: P2 or P3.
std::string encode_plain_pnm(const RawImage& image, int largest = 255);

struct BmpForm {
  int bits = 24;  ///< 8: a palette of grays, of channel 0; 16: five bits a channel; 32
  bool from_above = false;
  bool runs = false;  ///< run-length encoded (8 bits)
};

std::string encode_bmp(const RawImage& image, const BmpForm& form = {});

/// EXIF data with an orientation and nothing else, without "Exif\0\0".
std::string exif_with_orientation(int orientation);
/// The same JPEG with EXIF data behind its first marker.
std::string with_exif(const std::string& jpeg, const std::string& exif);

}  // namespace muster::test
