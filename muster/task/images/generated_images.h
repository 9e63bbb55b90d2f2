#pragma once

#include <cstdint>

#include "muster/task/images/images.h"

namespace muster::inline task {

/// Size and difficulty of the generated image task.
struct GeneratedImagesOptions {
  int64_t classes = 10;
  int64_t train = 5000;
  int64_t test = 1000;
  double noise = 16;          ///< standard deviation of the pixel noise, in levels of 0 to 255
  double label_noise = 0.02;  ///< share of training labels replaced by a random one; test labels are right
  uint64_t seed = 0;
  void validate() const;
};

/// Draws coloured 32 x 32 images of striped blobs; no files are needed. A class is two prototypes, each an
/// outline
///   radius(angle) = 1 + sum over k = 2..5 of a_k cos(k angle) + b_k sin(k angle),
/// a direction and width of stripes and two colours. An image shows one of them moved, turned, scaled and
/// mirrored at random, its colours mixed with random ones, on a random colour gradient, among discs that hide
/// parts, with noise. A function of the options, made with + - * / and square roots only: the same bytes on
/// every machine.
ImageSets generate_images(const GeneratedImagesOptions& options);

}  // namespace muster::inline task
