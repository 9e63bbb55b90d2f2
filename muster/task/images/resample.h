#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "muster/task/images/image_file.h"

namespace muster::inline task {

/// Where an output is taken from, in pixels of the whole image.
struct SourceBox {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
};

/// One axis of a resize: output i is the sum over k of weights[i * most + k] * input[first[i] + k], k <
/// count[i].
struct AxisTaps {
  std::vector<int32_t> first, count;
  std::vector<float> weights;
  int64_t most = 0;
};

/// Weights of a bilinear resize with antialiasing, as Pillow's: a triangle as wide as two input pixels, or
/// where the image shrinks as two output pixels, around each output's centre, over the inputs of [low, high)
/// only. `begin` and `length` say which stretch of the input the `outputs` cover.
AxisTaps bilinear_taps(double begin, double length, int64_t outputs, int64_t low, int64_t high);

/// Resizes `box` of the image that `block` is a part of to width x height, both directions in one go:
/// interleaved RGB floats, 0 to 255, not rounded. `inside` keeps the weights within the box (the box is cut
/// out first, then resized); otherwise pixels of the block around it have weight, too. REQUIRES: the block
/// covers the box; `output` has width x height x 3 elements.
void resample(const PixelBlock& block, const SourceBox& box, bool inside, int64_t width, int64_t height,
              std::span<float> output);

}  // namespace muster::inline task
