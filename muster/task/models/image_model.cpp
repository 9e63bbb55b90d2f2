#include "muster/task/models/image_model.h"

#include <torch/nn/module.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "muster/base/error.h"
#include "muster/task/models/alexnet.h"
#include "muster/task/models/googlenet.h"
#include "muster/task/models/mlp.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/models/resnet.h"
#include "muster/task/models/resnet_imagenet.h"
#include "muster/task/models/vgg.h"
#include "muster/task/models/vit.h"

namespace muster::inline task {

namespace {

constexpr int64_t largest_side = 65536;

MlpShape mlp_shape(const ImageModelOptions& options) {
  return {options.channels * options.height * options.width, options.hidden, options.classes};
}

ResNetShape cifar_resnet(const ImageModelOptions& options, int64_t blocks) {
  return {blocks, options.norm, options.channels, options.classes};
}

ImageNetResNetShape resnet(const ImageModelOptions& options, std::array<int64_t, 4> blocks, bool bottleneck) {
  return {blocks, bottleneck, options.norm, options.channels, options.classes};
}

VggShape vgg(const ImageModelOptions& options, bool batch_norm, bool for_cifar) {
  return {batch_norm, for_cifar, options.activation, options.pooling, options.channels, options.classes};
}

GoogLeNetShape googlenet(const ImageModelOptions& options, bool for_cifar) {
  return {for_cifar, options.channels, options.classes};
}

// ViT-S has half the width and half the heads of ViT-B (Touvron et al., ICML 2021).
VitShape vit(const ImageModelOptions& options, int64_t width, int64_t heads) {
  VitShape shape{.width = width, .heads = heads, .hidden = 4 * width};
  shape.patch = options.patch > 0 ? options.patch : default_patch(options.height, options.width);
  shape.channels = options.channels;
  shape.height = options.height;
  shape.image_width = options.width;
  shape.classes = options.classes;
  return shape;
}

/// Calls visit(shape) with the shape of the network that the options name.
template <class Visit>
auto with_shape(const ImageModelOptions& o, Visit visit) {
  switch (o.network) {
    case ImageNetwork::mlp:
      return visit(mlp_shape(o));
    case ImageNetwork::resnet8:
      return visit(cifar_resnet(o, 1));
    case ImageNetwork::resnet20:
      return visit(cifar_resnet(o, 3));
    case ImageNetwork::resnet56:
      return visit(cifar_resnet(o, 9));
    case ImageNetwork::resnet18:
      return visit(resnet(o, {2, 2, 2, 2}, false));
    case ImageNetwork::resnet50:
      return visit(resnet(o, {3, 4, 6, 3}, true));
    case ImageNetwork::resnet101:
      return visit(resnet(o, {3, 4, 23, 3}, true));
    case ImageNetwork::resnet152:
      return visit(resnet(o, {3, 8, 36, 3}, true));
    case ImageNetwork::vgg16:
      return visit(vgg(o, false, false));
    case ImageNetwork::vgg16_bn:
      return visit(vgg(o, true, false));
    case ImageNetwork::googlenet:
      return visit(googlenet(o, false));
    case ImageNetwork::alexnet:
      return visit(AlexNetShape{o.channels, o.classes});
    case ImageNetwork::vit_s:
      return visit(vit(o, 384, 6));
    case ImageNetwork::vit_b:
      return visit(vit(o, 768, 12));
    case ImageNetwork::vgg16_cifar:
      return visit(vgg(o, false, true));
    case ImageNetwork::vgg16_bn_cifar:
      return visit(vgg(o, true, true));
    case ImageNetwork::googlenet_cifar:
      return visit(googlenet(o, true));
  }
  throw Bug("an image network without a shape");
}

struct MakeNetwork {
  TorchNetwork operator()(const MlpShape& shape) const { return make_mlp(shape); }
  TorchNetwork operator()(const ResNetShape& shape) const { return make_resnet(shape); }
  TorchNetwork operator()(const ImageNetResNetShape& shape) const { return make_resnet_imagenet(shape); }
  TorchNetwork operator()(const VggShape& shape) const { return make_vgg(shape); }
  TorchNetwork operator()(const GoogLeNetShape& shape) const { return make_googlenet(shape); }
  TorchNetwork operator()(const AlexNetShape& shape) const { return make_alexnet(shape); }
  TorchNetwork operator()(const VitShape& shape) const { return make_vit(shape); }
};

/// The maps of a network that may be too deep for an image; none for the others.
struct CountMaps {
  int64_t height, width;
  using Maps = std::optional<MapCount>;
  Maps operator()(const MlpShape&) const { return std::nullopt; }
  Maps operator()(const ResNetShape&) const { return std::nullopt; }
  Maps operator()(const VitShape&) const { return std::nullopt; }
  Maps operator()(const ImageNetResNetShape& s) const { return resnet_imagenet_maps(s, height, width); }
  Maps operator()(const VggShape& s) const { return vgg_maps(s, height, width); }
  Maps operator()(const GoogLeNetShape& s) const { return googlenet_maps(s, height, width); }
  Maps operator()(const AlexNetShape& s) const { return alexnet_maps(s, height, width); }
};

struct CountFloats {
  int64_t height, width;
  int64_t operator()(const MlpShape& shape) const { return mlp_activations(shape); }
  int64_t operator()(const ResNetShape& shape) const { return resnet_activations(shape, height, width); }
  int64_t operator()(const VitShape& shape) const { return vit_activations(shape); }
  template <class Shape>
  int64_t operator()(const Shape& shape) const {
    return CountMaps{height, width}(shape)->training_floats();
  }
};

/// Autograd makes the gradient of a weight before it adds it to the vector. Nothing to speak of in the small
/// networks.
struct LargestWeight {
  int64_t operator()(const MlpShape&) const { return 0; }
  int64_t operator()(const ResNetShape&) const { return 0; }
  template <class Shape>
  int64_t operator()(const Shape& shape) const {
    int64_t largest = 0;
    for (const at::Tensor& parameter : MakeNetwork{}(shape).module->parameters())
      largest = std::max(largest, parameter.numel());
    return largest;
  }
};

/// Refuses options whose patches do not fill the image.
struct CheckPatch {
  template <class Shape>
  void operator()(const Shape&) const {}
  void operator()(const VitShape& shape) const {
    for (const int64_t extent : {shape.height, shape.image_width})
      if (extent % shape.patch != 0)
        throw OptionError("image.size", std::to_string(extent),
                          "must be a multiple of image.patch = " + std::to_string(shape.patch) + " pixels");
  }
};

bool is_possible(const ImageModelOptions& options, int64_t height, int64_t width) {
  const auto maps = with_shape(options, CountMaps{height, width});
  return !maps || maps->possible;
}

}  // namespace

int64_t default_patch(int64_t height, int64_t width) {
  for (const int64_t patch : {16, 8, 4, 2})
    if (std::min(height, width) >= 8 * patch) return patch;
  return 1;
}

int64_t least_side(const ImageModelOptions& options) {
  int64_t side = 1;
  while (side < largest_side && !is_possible(options, side, side)) ++side;
  return side;
}

void ImageModelOptions::validate() const {
  if (classes < 2) throw OptionError("task.classes", std::to_string(classes), "must be at least 2");
  for (const int64_t extent : {channels, height, width})
    if (extent < 1) throw OptionError("image.size", std::to_string(extent), "must be at least 1");
  for (const int64_t units : hidden)
    if (units < 1 || units > 65536)
      throw OptionError("task.hidden", std::to_string(units), "must be 1 to 65536 units");
  invariant(patch >= 0, "a negative patch");
  if (!is_possible(*this, height, width))
    throw OptionError("image.size", std::to_string(std::min(height, width)),
                      "must be at least " + std::to_string(least_side(*this)) +
                          " pixels for this network: its strides leave nothing of a smaller image");
  with_shape(*this, CheckPatch{});
}

std::unique_ptr<Model> make_image_model(const ImageModelOptions& options, const NnOptions& training) {
  options.validate();
  return make_nn_model(with_shape(options, MakeNetwork{}), training);
}

int64_t parameter_count(const ImageModelOptions& options) {
  options.validate();
  int64_t count = 0;
  const TorchNetwork network = with_shape(options, MakeNetwork{});
  for (const at::Tensor& parameter : network.module->parameters()) count += parameter.numel();
  return count;
}

int64_t activation_bytes(const ImageModelOptions& options, int64_t batch) {
  const int64_t floats = with_shape(options, CountFloats{options.height, options.width});
  return (floats * batch + with_shape(options, LargestWeight{})) * static_cast<int64_t>(sizeof(float));
}

}  // namespace muster::inline task
