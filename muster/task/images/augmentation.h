#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "muster/task/images/images.h"
#include "muster/task/images/rand_augment.h"

namespace muster::inline task {

/// Random crop out of the image padded with black, random horizontal flip, RandAugment, and the scaling of
/// every channel to (value / 255 - mean) / deviation. The defaults are those of He et al. (CVPR 2016) for
/// CIFAR-10.
struct AugmentationOptions {
  bool enabled = true;  ///< off: no crop and no flip
  int64_t padding = 4;  ///< pixels on every side, 0: no crop
  bool flip = true;
  std::array<double, 3> mean{0.4914, 0.4822, 0.4465};       ///< of the training pixels in [0, 1]
  std::array<double, 3> deviation{0.2470, 0.2435, 0.2616};  ///< same unit; > 0
  RandAugmentOptions rand_augment;
  void validate() const;
};

/// Writes the images into `output` (samples x channels x height x width floats). All that is
/// random is a function of (seed, epoch, sample). REQUIRES: 3 channels, indices within `images`, `output` of
/// that length.
void augment(const Images& images, std::span<const int64_t> samples, const AugmentationOptions& options,
             uint64_t seed, int64_t epoch, std::span<float> output);

/// Scaling only, for evaluation.
void scale_only(const Images& images, std::span<const int64_t> samples, const AugmentationOptions& options,
                std::span<float> output);

}  // namespace muster::inline task
