#pragma once

#include <cstdint>

#include "muster/task/models/map_count.h"
#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct GoogLeNetShape {
  bool for_cifar = false;
  int64_t channels = 3;
  int64_t classes = 1000;
  int64_t channel_divisor = 1;  ///< divides all widths, for a slimmer network
};

/// GoogLeNet (Szegedy et al., CVPR 2015) with BatchNorm and without the auxiliary classifiers. ImageNet form
/// as torchvision builds it (its "5x5" convolutions are 3x3): 6,624,904 parameters with 1000 classes; dropout
/// 0.2; convolutions and the linear weight begin normal(0, 0.01). CIFAR form as pytorch-cifar
/// (github.com/kuangliu/pytorch-cifar) builds it: one 3x3 convolution in place of the first three, two 3x3 in
/// place of each 5x5, convolutions with biases, torch's initial values; 6,166,250 parameters with 10 classes;
/// its mean over 8x8 is the mean over all. Names are the references'. Torchvision's own file with auxiliary
/// classifiers holds tensors (aux1., aux2.) that this network does not have.
TorchNetwork make_googlenet(const GoogLeNetShape& shape);

/// Its maps for images of this size.
MapCount googlenet_maps(const GoogLeNetShape& shape, int64_t height, int64_t width);

}  // namespace muster::inline task
