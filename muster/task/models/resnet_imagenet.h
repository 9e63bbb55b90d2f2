#pragma once

#include <array>
#include <cstdint>

#include "muster/task/models/image_model.h"
#include "muster/task/models/map_count.h"
#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct ImageNetResNetShape {
  std::array<int64_t, 4> blocks{2, 2, 2, 2};  ///< per stage
  bool bottleneck =
      false;  ///< blocks of 1x1, 3x3, 1x1 convolutions with 4 times the channels, else of two 3x3
  NormKind norm = NormKind::batch;
  int64_t channels = 3;
  int64_t classes = 1000;
  int64_t channel_divisor = 1;  ///< divides all widths, for a slimmer network
};

/// The ImageNet ResNet (He, Zhang, Ren, Sun, CVPR 2016), as torchvision builds it: a 7x7 convolution and a
/// maximum with stride 2 each, four stages with 64, 128, 256 and 512 channels, global mean, one linear layer.
/// Shortcuts are option B (a 1x1 convolution with norm where the shape changes); a bottleneck has its stride
/// in the 3x3 convolution (v1.5). Names and initial values are torchvision's. With 1000 classes: ResNet-18
/// 11,689,512, -50 25,557,032, -101 44,549,160, -152 60,192,808 parameters.
TorchNetwork make_resnet_imagenet(const ImageNetResNetShape& shape);

/// Its maps for images of this size.
MapCount resnet_imagenet_maps(const ImageNetResNetShape& shape, int64_t height, int64_t width);

}  // namespace muster::inline task
