#pragma once

#include <cstdint>

#include "muster/base/random.h"
#include "muster/task/images/image_operations.h"

namespace muster::inline task {

struct RandAugmentOptions {
  int64_t operations = 0;  ///< on each image; 0: none
  int64_t magnitude = 9;   ///< 0 to 30
  /// Throws OptionError on image.randaugment or image.randaugment_magnitude.
  void validate() const;
};

/// RandAugment (Cubuk et al., NeurIPS 2020): `operations` times one of 14 operations, each as likely, at the
/// strength `magnitude` of 30; ranges and signs are torchvision's:
///   identity; shear_x, shear_y up to slope 0.3; translate_x, translate_y up to 150/331 of the side; rotate
///   up to 30 degrees; brightness, color, contrast, sharpness 1 +- up to 0.9; posterize to 8 ... 4 bits;
///   solarize above 255 ... 0; auto_contrast; equalize.
/// All but the last four and identity take either sign, each as likely.
void rand_augment(Picture picture, const RandAugmentOptions& options, RandomStream& stream);

/// The operation of number `operation` (0 to 13, in the order above) at a strength, with its sign turned or
/// not: what rand_augment draws.
void apply_operation(Picture picture, int64_t operation, int64_t magnitude, bool negative);

}  // namespace muster::inline task
