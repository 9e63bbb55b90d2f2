#pragma once

#include <cstdint>

#include "muster/task/models/map_count.h"
#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct AlexNetShape {
  int64_t channels = 3;
  int64_t classes = 1000;
  int64_t channel_divisor = 1;  ///< divides all widths of convolutions, for a slimmer network
  int64_t units = 4096;         ///< of the two linear layers in the middle
};

/// AlexNet in its form for one processor (Krizhevsky, "One weird trick for parallelizing convolutional neural
/// networks", 2014), as torchvision builds it: five convolutions, a mean to 6x6, three linear layers, dropout
/// 0.5 before the first two. Names and initial values are torchvision's. With 1000 classes 61,100,840
/// parameters.
TorchNetwork make_alexnet(const AlexNetShape& shape);

/// Its maps for images of this size.
MapCount alexnet_maps(const AlexNetShape& shape, int64_t height, int64_t width);

}  // namespace muster::inline task
