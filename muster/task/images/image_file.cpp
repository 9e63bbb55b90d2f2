#include "muster/task/images/image_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/base/mistaken_form.h"
#include "muster/task/images/bmp_image.h"
#include "muster/task/images/jpeg_image.h"
#include "muster/task/images/png_image.h"
#include "muster/task/images/pnm_image.h"
#include "muster/task/images/tiff_image.h"
#include "muster/task/images/webp_image.h"

namespace muster::inline task {

namespace {

using namespace std::string_view_literals;

void check_size(const EncodedImage& image, const std::string& name) {
  if (image.width() <= largest_image_pixels / image.height()) return;
  throw DataError(fmt::format("'{}' has {} x {} pixels; images of at most {} million pixels are read", name,
                              image.width(), image.height(), largest_image_pixels / 1'000'000));
}

bool begins_as_tiff(std::string_view bytes) {
  for (const std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (bytes.starts_with(magic)) return true;
  return false;
}

/// Describes a file that is no image of a supported format.
std::string other_form(std::string_view bytes) {
  if (const auto packed = packed_form(bytes.substr(0, 512))) return *packed;
  if (bytes.starts_with("GIF8")) return "is a GIF image; convert it, for instance to PNG";
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp")
    return "is a HEIC, AVIF or video file; convert it, for instance to JPEG";
  const std::string_view start = bytes.substr(0, std::min<size_t>(bytes.size(), 15));
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<html") || start.starts_with("<?xml"))
    return "is a page of text (HTML or XML), perhaps a download that failed; get the image again";
  return "is neither a JPEG nor a PNG, WebP, TIFF, BMP or portable image (PGM, PPM), by its first bytes";
}

}  // namespace

void PixelBlock::become_whole(int64_t whole_width, int64_t whole_height) {
  width = whole_width;
  height = whole_height;
  left = top = 0;
  step = 1;
  pixels.resize(static_cast<size_t>(width * height * 3));
}

std::unique_ptr<EncodedImage> open_image(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw DataError(fmt::format("'{}' is empty; an image is expected", name));
  std::unique_ptr<EncodedImage> image;
  if (bytes.starts_with("\xff\xd8\xff"sv))
    image = open_jpeg(bytes, name);
  else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv))
    image = open_png(bytes, name);
  else if (bytes.size() >= 12 && bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP"sv)
    image = open_webp(bytes, name);
  else if (begins_as_tiff(bytes))
    image = open_tiff(bytes, name);
  else if (bytes.starts_with("BM"sv))
    image = open_bmp(bytes, name);
  else if (begins_as_pnm(bytes))
    image = open_pnm(bytes, name);
  else
    throw DataError(fmt::format("'{}' {}", name, other_form(bytes)));
  check_size(*image, name);
  return image;
}

}  // namespace muster::inline task
