#pragma once

#include <cstdint>
#include <span>

namespace muster::inline task {

/// A picture of interleaved RGB bytes, borrowed, to be changed in place.
struct Picture {
  std::span<uint8_t> rgb;
  int64_t width = 0;
  int64_t height = 0;
};

// The operations of RandAugment, with the arithmetic of Pillow (ImageEnhance, ImageOps, Image.transform), so
// that the results are the same numbers. Where an operation needs pixels from outside, they are black.

/// Pixel (x, y) <- pixel nearest to (x + slope * y, y); likewise for columns.
void shear_x(Picture picture, double slope);
void shear_y(Picture picture, double slope);
/// Moves the content by whole pixels to the right, or down.
void translate_x(Picture picture, int64_t pixels);
void translate_y(Picture picture, int64_t pixels);
/// Turns around the centre, counter-clockwise.
void rotate(Picture picture, double degrees);
/// Blends with black (factor 0), or away from it (factor above 1); the same for gray of the picture's mean,
/// for the picture in gray, and for the picture smoothed.
void adjust_brightness(Picture picture, double factor);
void adjust_contrast(Picture picture, double factor);
void adjust_color(Picture picture, double factor);
void adjust_sharpness(Picture picture, double factor);
/// Keeps the highest `bits` bits of every value.
void posterize(Picture picture, int bits);
/// Inverts the values at and above the threshold.
void solarize(Picture picture, double threshold);
/// Stretches each channel to 0 ... 255.
void auto_contrast(Picture picture);
/// Makes each channel's histogram as even as a table of its values can.
void equalize(Picture picture);

}  // namespace muster::inline task
