#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace muster {

class Model;
struct NnOptions;

enum class ImageNetwork { mlp, resnet8, resnet20, resnet56 };
enum class NormKind { batch, group };

/// A classifier of images.
struct ImageModelOptions {
  ImageNetwork network = ImageNetwork::resnet8;
  NormKind norm = NormKind::batch;           ///< of the ResNets; group: 8 groups, no running statistics
  std::vector<int64_t> hidden = {256, 256};  ///< widths of the MLP's hidden layers; may be empty
  int64_t classes = 10;
  int64_t channels = 3;
  int64_t height = 32;
  int64_t width = 32;
  void validate() const;
};

/// The network, as `training` says. Loss: cross entropy, mean over the batch.
std::unique_ptr<Model> make_image_model(const ImageModelOptions& options, const NnOptions& training);

/// Bytes held by one forward and backward pass over `batch` images, estimated.
int64_t activation_bytes(const ImageModelOptions& options, int64_t batch);

}  // namespace muster
