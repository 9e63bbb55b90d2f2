#pragma once

#include <cstdint>

#include "muster/task/models/image_model.h"
#include "muster/task/models/map_count.h"
#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct VggShape {
  bool batch_norm = false;  ///< behind every convolution
  bool for_cifar = false;   ///< one linear layer at the end, instead of three with dropout
  Activation activation = Activation::relu;
  Pooling pooling = Pooling::maximum;
  int64_t channels = 3;
  int64_t classes = 1000;
  int64_t channel_divisor = 1;  ///< divides all widths of convolutions, for a slimmer network
  int64_t units = 4096;         ///< of the two linear layers in the middle
};

/// VGG-16 (Simonyan, Zisserman, ICLR 2015, configuration D): thirteen 3x3 convolutions with biases in five
/// groups, behind each of which the map is halved. ImageNet form as torchvision builds it: a mean to 7x7 and
/// three linear layers with dropout 0.5; 138,357,544 parameters with 1000 classes, 138,365,992 with
/// BatchNorm. CIFAR form as pytorch-cifar (github.com/kuangliu/pytorch-cifar) builds it: one linear layer;
/// with 10 classes 14,728,266 parameters with BatchNorm, 14,719,818 without; images larger than 32 pixels are
/// averaged. Names are the references'; initial values torchvision's: convolutions as He et al. (fan out),
/// linear weights normal(0, 0.01), biases 0.
TorchNetwork make_vgg(const VggShape& shape);

/// Its maps for images of this size.
MapCount vgg_maps(const VggShape& shape, int64_t height, int64_t width);

}  // namespace muster::inline task
