#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/kinds/image_network.h"

namespace muster::inline task {

class Model;
struct NnOptions;

enum class NormKind { batch, group };
enum class Activation { relu, silu };
enum class Pooling { maximum, average };

/// A classifier of images.
struct ImageModelOptions {
  ImageNetwork network = ImageNetwork::resnet8;
  NormKind norm = NormKind::batch;           ///< of the ResNets; group: 8 groups, no running statistics
  std::vector<int64_t> hidden = {256, 256};  ///< widths of the MLP's hidden layers; may be empty
  Activation activation = Activation::relu;  ///< of VGG
  Pooling pooling = Pooling::maximum;        ///< of VGG, between its groups
  int64_t patch = 0;                         ///< of ViT: side in pixels; 0: as default_patch says
  int64_t classes = 10;
  int64_t channels = 3;
  int64_t height = 32;
  int64_t width = 32;
  /// Throws OptionError on task.classes, task.hidden, and on image.size where the network's strides leave
  /// nothing of the image, or a ViT's patches do not fill it.
  void validate() const;
};

/// The largest of 16, 8, 4, 2 and 1 pixels that leaves at least 8 patches along the shorter side (16 for 224
/// pixels, 4 for CIFAR's 32).
int64_t default_patch(int64_t height, int64_t width);

/// Least side of a square image that the network can take.
int64_t least_side(const ImageModelOptions& options);

/// The network, to be trained as `training` says. Loss: cross entropy, mean over the batch.
std::unique_ptr<Model> make_image_model(const ImageModelOptions& options, const NnOptions& training);

/// The number of the network's parameters, counted from its shapes: no weight is made for it.
int64_t parameter_count(const ImageModelOptions& options);

/// Bytes held by one forward and backward pass over `batch` images, estimated: its maps, and the largest
/// weight once more, whose gradient is made before it is added up.
int64_t activation_bytes(const ImageModelOptions& options, int64_t batch);

}  // namespace muster::inline task
