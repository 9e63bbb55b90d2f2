#pragma once

#include <cstdint>

namespace muster::inline task {

/// Follows the sizes of a convolutional network's maps: channels x height x width of the present map, and the
/// floats per image that a training step keeps for its backward pass. What a layer keeps is counted where it
/// is made. An extent below 1 says that the image is too small.
struct MapCount {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t kept = 0;      ///< floats
  int64_t largest = 0;   ///< floats of the largest map
  bool possible = true;  ///< no extent fell below 1

  /// The image itself.
  MapCount(int64_t image_channels, int64_t image_height, int64_t image_width);

  int64_t floats() const { return channels * height * width; }
  /// A convolution, of whose output (or what is made of it) `copies` are kept: 2 with a norm behind it.
  void convolve(int64_t outputs, int64_t kernel, int64_t stride, int64_t padding, int64_t copies);
  enum class Rounding { down, up };
  /// A pool that keeps its output and the 64-bit place of every maximum.
  void max_pool(int64_t kernel, int64_t stride, int64_t padding, Rounding rounding = Rounding::down);
  /// A pool that keeps its output.
  void average_pool(int64_t kernel);
  /// A linear layer with ReLU and dropout, of whose output `copies` are kept.
  void linear(int64_t outputs, int64_t copies);
  /// Kept floats, and the gradients in flight: two maps of the largest size.
  int64_t training_floats() const { return kept + 2 * largest; }

 private:
  void keep(int64_t copies);
};

}  // namespace muster::inline task
