#include "muster/task/image_model.h"

#include <string>

#include "muster/base/error.h"
#include "muster/task/mlp.h"
#include "muster/task/nn_model.h"
#include "muster/task/resnet.h"

namespace muster {

namespace {

// Blocks per stage n of the 6n + 2 layers; 0 for the MLP.
int64_t blocks_per_stage(ImageNetwork network) {
  switch (network) {
    case ImageNetwork::mlp:
      return 0;
    case ImageNetwork::resnet8:
      return 1;
    case ImageNetwork::resnet20:
      return 3;
    case ImageNetwork::resnet56:
      return 9;
  }
  throw Bug("an image network without a number of blocks");
}

MlpShape mlp_shape(const ImageModelOptions& options) {
  return {options.channels * options.height * options.width, options.hidden, options.classes};
}

ResNetShape resnet_shape(const ImageModelOptions& options) {
  return {blocks_per_stage(options.network), options.norm, options.channels, options.classes};
}

}  // namespace

void ImageModelOptions::validate() const {
  if (classes < 2) throw OptionError("task.classes", std::to_string(classes), "must be at least 2");
  for (const int64_t extent : {channels, height, width})
    if (extent < 1) throw OptionError("task.image_size", std::to_string(extent), "must be at least 1");
  for (const int64_t units : hidden)
    if (units < 1 || units > 65536)
      throw OptionError("task.hidden", std::to_string(units), "must be 1 to 65536 units");
}

std::unique_ptr<Model> make_image_model(const ImageModelOptions& options, const NnOptions& training) {
  options.validate();
  return make_nn_model(options.network == ImageNetwork::mlp ? make_mlp(mlp_shape(options))
                                                            : make_resnet(resnet_shape(options)),
                       training);
}

int64_t activation_bytes(const ImageModelOptions& options, int64_t batch) {
  const int64_t floats = options.network == ImageNetwork::mlp
                             ? mlp_activations(mlp_shape(options))
                             : resnet_activations(resnet_shape(options), options.height, options.width);
  return floats * static_cast<int64_t>(sizeof(float)) * batch;
}

}  // namespace muster
