#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "muster/task/images/image_file.h"
#include "muster/task/images/normalise_kernel.h"
#include "muster/task/images/rand_augment.h"
#include "muster/task/images/resample.h"

namespace muster::inline task {

/// How a file is read: as 3 x size x size normalised floats, channel by channel.
struct ImageReaderOptions {
  int64_t size = 224;
  bool augment = true;  ///< training: random resized crop and flip; off: as for testing
  RandAugmentOptions rand_augment;
  ChannelStatistics statistics;
};

/// Reads image files one after the other, reusing its memory. One for each thread.
class ImageReader {
 public:
  explicit ImageReader(const ImageReaderOptions& options) : options_(options) {}

  /// For training: random resized crop, horizontal flip with probability 1/2, RandAugment, in the order and
  /// with the numbers drawn from `stream`. Throws FileError; DataError for a file that cannot be decoded.
  ImageOddities read_for_training(const std::string& path, RandomStream stream, std::span<float> output);

  /// For testing: the shorter side resized to size * 256 / 224, then the square of size x size in the centre
  /// (He et al., CVPR 2016), both in one resize.
  ImageOddities read_for_testing(const std::string& path, std::span<float> output);

 private:
  /// The part of the image in `box`, resized into resized_. `inside`: pixels around the box have no weight.
  void resize(EncodedImage& image, const Region& region, const SourceBox& box, bool inside);
  void resize_centre(EncodedImage& image);

  ImageReaderOptions options_;
  PixelBlock block_;
  std::vector<float> resized_;
  std::vector<uint8_t> bytes_;
};

}  // namespace muster::inline task
