#include "muster/task/images/image_reader.h"

#include <algorithm>
#include <cmath>

#include "muster/base/plain_file.h"
#include "muster/task/images/random_resized_crop.h"

namespace muster::inline task {

namespace {

/// The square in the centre of the resized image, in pixels of the image itself; sizes are whole numbers as
/// torchvision's Resize and CenterCrop make them, so that both agree to a fraction of a level.
SourceBox central_box(int64_t width, int64_t height, int64_t size) {
  const int64_t shorter = size * 256 / 224;
  const bool wide = width > height;
  const int64_t longer = shorter * std::max(width, height) / std::min(width, height);
  const double resized_width = static_cast<double>(wide ? longer : shorter);
  const double resized_height = static_cast<double>(wide ? shorter : longer);
  const auto side = static_cast<double>(size);
  const double left = std::nearbyint((resized_width - side) / 2);
  const double top = std::nearbyint((resized_height - side) / 2);
  const double step_x = static_cast<double>(width) / resized_width;
  const double step_y = static_cast<double>(height) / resized_height;
  return {left * step_x, top * step_y, side * step_x, side * step_y};
}

/// The whole pixels that a resize of `box` reads.
Region around(const SourceBox& box, int64_t size, const EncodedImage& image) {
  const double step = std::max(box.width, box.height) / static_cast<double>(size);
  const double reach = std::max(1.0, step) + 1;
  const auto low = [&](double from) {
    return std::max<int64_t>(0, static_cast<int64_t>(std::floor(from - reach)));
  };
  const auto high = [&](double to, int64_t limit) {
    return std::min(limit, static_cast<int64_t>(std::ceil(to + reach)));
  };
  Region region{low(box.left), low(box.top), 0, 0};
  region.width = high(box.left + box.width, image.width()) - region.left;
  region.height = high(box.top + box.height, image.height()) - region.top;
  return region;
}

SourceBox box_of(const Region& region) {
  return {static_cast<double>(region.left), static_cast<double>(region.top),
          static_cast<double>(region.width), static_cast<double>(region.height)};
}

void round_to_bytes(std::span<const float> values, std::vector<uint8_t>& bytes) {
  bytes.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i] = static_cast<uint8_t>(std::clamp(values[i] + 0.5F, 0.0F, 255.0F));
}

void mirror_rows(std::vector<uint8_t>& rgb, int64_t size) {
  for (int64_t y = 0; y < size; ++y) {
    uint8_t* row = rgb.data() + y * size * 3;
    for (int64_t left = 0, right = size - 1; left < right; ++left, --right)
      std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
  }
}

}  // namespace

void ImageReader::resize(EncodedImage& image, const Region& region, const SourceBox& box, bool inside) {
  const int64_t size = options_.size;
  const double coarsest = std::min(box.width, box.height) / static_cast<double>(size);
  image.read(region, coarsest, block_);
  resized_.resize(static_cast<size_t>(size * size * 3));
  resample(block_, box, inside, size, size, resized_);
}

void ImageReader::resize_centre(EncodedImage& image) {
  const SourceBox box = central_box(image.width(), image.height(), options_.size);
  resize(image, around(box, options_.size, image), box, false);
}

ImageOddities ImageReader::read_for_training(const std::string& path, RandomStream stream,
                                             std::span<float> output) {
  const int64_t size = options_.size;
  const std::string file = read_plain_file(path);
  const auto image = open_image(file, path);
  bool flip = false;
  if (options_.augment) {
    const Region region = random_resized_crop(image->width(), image->height(), {}, stream);
    flip = stream.below(2) == 1;
    resize(*image, region, box_of(region), true);
  } else {
    resize_centre(*image);
  }
  if (options_.rand_augment.operations == 0) {
    normalise(std::span<const float>(resized_), size, size, flip, options_.statistics, output);
    return image->oddities();
  }
  round_to_bytes(resized_, bytes_);
  if (flip) mirror_rows(bytes_, size);
  rand_augment({bytes_, size, size}, options_.rand_augment, stream);
  normalise(std::span<const uint8_t>(bytes_), size, size, false, options_.statistics, output);
  return image->oddities();
}

ImageOddities ImageReader::read_for_testing(const std::string& path, std::span<float> output) {
  const std::string file = read_plain_file(path);
  const auto image = open_image(file, path);
  resize_centre(*image);
  normalise(std::span<const float>(resized_), options_.size, options_.size, false, options_.statistics,
            output);
  return image->oddities();
}

}  // namespace muster::inline task
