#include "muster/task/images/rand_augment.h"

#include <cmath>
#include <string>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

enum Operation {
  identity,
  shear_across,
  shear_down,
  translate_across,
  translate_down,
  turn,
  brightness,
  color,
  contrast,
  sharpness,
  poster,
  solar,
  autocontrast,
  equalized,
  operations_known
};

constexpr double largest_magnitude = 30;

int64_t pixels(double strength, int64_t side) {
  return static_cast<int64_t>(strength * 150.0 / 331.0 * static_cast<double>(side));
}

// From 8 bits at magnitude 0 to 4 at 30; ties to even.
int bits_kept(int64_t magnitude) {
  return 8 - static_cast<int>(std::nearbyint(static_cast<double>(magnitude) / (largest_magnitude / 4)));
}

}  // namespace

void RandAugmentOptions::validate() const {
  if (operations < 0 || operations > operations_known)
    throw OptionError("image.randaugment", std::to_string(operations), "must be 0 to 14 operations");
  if (magnitude < 0 || magnitude > 30)
    throw OptionError("image.randaugment_magnitude", std::to_string(magnitude), "must be 0 to 30");
}

void apply_operation(Picture picture, int64_t operation, int64_t magnitude, bool negative) {
  const double share = static_cast<double>(magnitude) / largest_magnitude;
  const double strength = negative ? -share : share;
  switch (static_cast<Operation>(operation)) {
    case identity:
      return;
    case shear_across:
      return shear_x(picture, 0.3 * strength);
    case shear_down:
      return shear_y(picture, 0.3 * strength);
    case translate_across:
      return translate_x(picture, pixels(strength, picture.width));
    case translate_down:
      return translate_y(picture, pixels(strength, picture.height));
    case turn:
      return rotate(picture, 30 * strength);
    case brightness:
      return adjust_brightness(picture, 1 + 0.9 * strength);
    case color:
      return adjust_color(picture, 1 + 0.9 * strength);
    case contrast:
      return adjust_contrast(picture, 1 + 0.9 * strength);
    case sharpness:
      return adjust_sharpness(picture, 1 + 0.9 * strength);
    case poster:
      return posterize(picture, bits_kept(magnitude));
    case solar:
      return solarize(picture, 255 * (1 - share));
    case autocontrast:
      return auto_contrast(picture);
    case equalized:
      return equalize(picture);
    case operations_known:
      break;
  }
  throw Bug("RandAugment has no such operation");
}

void rand_augment(Picture picture, const RandAugmentOptions& options, RandomStream& stream) {
  for (int64_t i = 0; i < options.operations; ++i) {
    const auto operation = static_cast<int64_t>(stream.below(operations_known));
    const bool negative = stream.below(2) == 1;
    apply_operation(picture, operation, options.magnitude, negative);
  }
}

}  // namespace muster::inline task
