#include "muster/task/models/alexnet.h"

#include <ATen/Functions.h>

#include <array>
#include <memory>

#include "muster/task/models/layer_module.h"

namespace muster::inline task {

namespace {

constexpr int64_t final_side = 6;
constexpr double dropped = 0.5;

struct Layer {
  ConvolutionShape convolution;
  bool pooled;  ///< a maximum over 3x3 with stride 2 comes behind it
};

std::array<Layer, 5> layers_of(const AlexNetShape& shape) {
  const int64_t d = shape.channel_divisor;
  return {{{{shape.channels, 64 / d, 11, 4, 2, true}, true},
           {{64 / d, 192 / d, 5, 1, 2, true}, true},
           {{192 / d, 384 / d, 3, 1, 1, true}, false},
           {{384 / d, 256 / d, 3, 1, 1, true}, false},
           {{256 / d, 256 / d, 3, 1, 1, true}, true}}};
}

at::Tensor relu(const at::Tensor& x, Dropout&) { return x.relu(); }

std::shared_ptr<Chain> make_features(const AlexNetShape& shape) {
  auto features = std::make_shared<Chain>();
  for (const Layer& layer : layers_of(shape)) {
    features->add(torch_convolution(layer.convolution));
    features->add(relu);
    if (layer.pooled) features->add([](const at::Tensor& x, Dropout&) { return at::max_pool2d(x, 3, 2); });
  }
  return features;
}

std::shared_ptr<Chain> make_classifier(const AlexNetShape& shape) {
  auto classifier = std::make_shared<Chain>();
  int64_t inputs = layers_of(shape).back().convolution.outputs * final_side * final_side;
  for (int layer = 0; layer < 2; ++layer) {
    classifier->add([](const at::Tensor& x, Dropout& dropout) { return dropout(x, dropped); });
    classifier->add(torch_linear(inputs, shape.units));
    classifier->add(relu);
    inputs = shape.units;
  }
  classifier->add(torch_linear(inputs, shape.classes));
  return classifier;
}

class AlexNet : public torch::nn::Module {
 public:
  explicit AlexNet(const AlexNetShape& shape)
      : features_(register_module("features", make_features(shape))),
        classifier_(register_module("classifier", make_classifier(shape))) {}

  at::Tensor forward(const at::Tensor& images, Dropout& dropout) const {
    const at::Tensor x = features_->forward(images, dropout);
    return classifier_->forward(at::adaptive_avg_pool2d(x, {final_side, final_side}).flatten(1), dropout);
  }

 private:
  std::shared_ptr<Chain> features_;
  std::shared_ptr<Chain> classifier_;
};

}  // namespace

TorchNetwork make_alexnet(const AlexNetShape& shape) {
  auto module = std::make_shared<AlexNet>(shape);
  return image_network_of(module, [net = module.get()](const at::Tensor& x, Dropout& dropout) {
    return net->forward(x, dropout);
  });
}

MapCount alexnet_maps(const AlexNetShape& shape, int64_t height, int64_t width) {
  MapCount maps(shape.channels, height, width);
  for (const auto& [c, pooled] : layers_of(shape)) {
    maps.convolve(c.outputs, c.kernel, c.stride, c.padding, 1);
    if (pooled) maps.max_pool(3, 2, 0);
  }
  for (int layer = 0; layer < 2; ++layer) maps.linear(shape.units, 3);
  maps.linear(shape.classes, 2);
  return maps;
}

}  // namespace muster::inline task
