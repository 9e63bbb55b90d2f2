#pragma once

#include <cstdint>

#include "muster/task/models/image_model.h"
#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct ResNetShape {
  int64_t blocks = 1;  ///< per stage: 6 blocks + 2 layers
  NormKind norm = NormKind::batch;
  int64_t channels = 3;
  int64_t classes = 10;
};

/// The CIFAR ResNet of 6n + 2 layers (He, Zhang, Ren, Sun, CVPR 2016, section 4.2): a 3x3 convolution, three
/// stages of n blocks with 16, 32 and 64 channels, global mean, one linear layer. Shortcuts are option A:
/// where a stage begins with stride 2, every second pixel and zeros for the new channels (half of them
/// before, half behind), so they hold no parameters. With 10 classes: 75,290 (n = 1), 269,722 (n = 3),
/// 853,018 (n = 9) parameters.
TorchNetwork make_resnet(const ResNetShape& shape);

/// Option A: x (batch x C x H x W) -> batch x channels x ceil(H / stride) x ceil(W / stride).
at::Tensor shortcut_a(const at::Tensor& x, int64_t channels, int64_t stride);

/// Floats per image that a forward and backward pass holds, estimated.
int64_t resnet_activations(const ResNetShape& shape, int64_t height, int64_t width);

}  // namespace muster::inline task
