#pragma once

namespace muster::inline task {

/// The networks that classify images (muster/task/models/image_model.h builds them).
enum class ImageNetwork {
  mlp,
  resnet8,
  resnet20,
  resnet56,
  resnet18,
  resnet50,
  resnet101,
  resnet152,
  vgg16,
  vgg16_bn,
  googlenet,
  alexnet,
  vit_s,
  vit_b,
  vgg16_cifar,
  vgg16_bn_cifar,
  googlenet_cifar,
};

}  // namespace muster::inline task
