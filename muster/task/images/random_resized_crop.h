#pragma once

#include <cstdint>

#include "muster/base/random.h"

namespace muster::inline task {

/// A rectangle of an image, in its pixels.
struct Region {
  int64_t left = 0;
  int64_t top = 0;
  int64_t width = 0;
  int64_t height = 0;
  bool operator==(const Region&) const = default;
};

struct RandomResizedCropOptions {
  double smallest_share = 0.08;  ///< of the image's area
  double largest_share = 1.0;
  double smallest_ratio = 3.0 / 4.0;  ///< of width to height
  double largest_ratio = 4.0 / 3.0;
};

/// The part of a width x height image to be resized for training (Szegedy et al., CVPR 2015, in the form of
/// torchvision's RandomResizedCrop): an area uniform between the shares, a ratio whose logarithm is uniform,
/// a uniform place. After 10 tries that do not fit into the image: the largest centred part whose ratio is
/// allowed.
Region random_resized_crop(int64_t width, int64_t height, const RandomResizedCropOptions& options,
                           RandomStream& stream);

}  // namespace muster::inline task
