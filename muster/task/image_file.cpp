#include "muster/task/image_file.h"

#include <fmt/format.h>

#include "muster/base/error.h"
#include "muster/task/jpeg_image.h"
#include "muster/task/png_image.h"

namespace muster {

namespace {

using namespace std::string_view_literals;

void check_size(const EncodedImage& image, const std::string& name) {
  if (image.width() <= largest_image_pixels / image.height()) return;
  throw DataError(fmt::format("'{}' has {} x {} pixels; images of at most {} million pixels are read", name,
                              image.width(), image.height(), largest_image_pixels / 1'000'000));
}

}  // namespace

std::unique_ptr<EncodedImage> open_image(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw DataError(fmt::format("'{}' is empty; a JPEG or PNG image is expected", name));
  std::unique_ptr<EncodedImage> image;
  if (bytes.starts_with("\xff\xd8\xff"sv))
    image = open_jpeg(bytes, name);
  else if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv))
    image = open_png(bytes, name);
  else
    throw DataError(fmt::format("'{}' is neither a JPEG nor a PNG image, by its first bytes", name));
  check_size(*image, name);
  return image;
}

}  // namespace muster
