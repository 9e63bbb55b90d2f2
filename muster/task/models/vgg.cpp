#include "muster/task/models/vgg.h"

#include <ATen/Functions.h>

#include <array>
#include <memory>

#include "muster/task/models/layer_module.h"
#include "muster/task/models/norm.h"

namespace muster::inline task {

namespace {

// Configuration D; 0 halves the map.
constexpr std::array<int64_t, 18> layers{64, 64,  0,   128, 128, 0,   256, 256, 256,
                                         0,  512, 512, 512, 0,   512, 512, 512, 0};
constexpr int64_t last_channels = 512, final_side = 7;
constexpr double dropped = 0.5;

at::Tensor activated(const at::Tensor& x, Activation activation) {
  return activation == Activation::relu ? x.relu() : at::silu(x);
}

at::Tensor halved(const at::Tensor& x, Pooling pooling) {
  return pooling == Pooling::maximum ? at::max_pool2d(x, 2, 2) : at::avg_pool2d(x, 2, 2);
}

// A convolution, perhaps with norm, and the activation.
void add_convolution(Chain& features, const VggShape& shape, int64_t inputs, int64_t outputs) {
  const ConvolutionShape form{inputs, outputs, 3, 1, 1, true};
  features.add(std::make_shared<Convolution>(form, he_normal(outputs, form.kernel)));
  const Activation activation = shape.activation;
  const Step activate = [activation](const at::Tensor& x, Dropout&) { return activated(x, activation); };
  if (!shape.batch_norm) return features.add(activate);
  const Norm norm(NormKind::batch, outputs);
  if (activation == Activation::relu) {
    features.add(norm.module(), [norm](const at::Tensor& x, Dropout&) { return norm.then_relu(x); });
    features.skip();
  } else {
    features.add(norm.module(), [norm](const at::Tensor& x, Dropout&) { return norm(x); });
    features.add(activate);
  }
}

std::shared_ptr<Chain> make_features(const VggShape& shape) {
  auto features = std::make_shared<Chain>();
  int64_t inputs = shape.channels;
  for (const int64_t layer : layers) {
    const int64_t outputs = layer / shape.channel_divisor;
    if (outputs > 0) {
      add_convolution(*features, shape, inputs, outputs);
      inputs = outputs;
    } else {
      features->add([pooling = shape.pooling](const at::Tensor& x, Dropout&) { return halved(x, pooling); });
    }
  }
  return features;
}

std::shared_ptr<LinearLayer> small_linear(int64_t inputs, int64_t outputs) {
  return std::make_shared<LinearLayer>(inputs, outputs, true, normal_start(0.01));
}

std::shared_ptr<Chain> make_classifier(const VggShape& shape) {
  auto classifier = std::make_shared<Chain>();
  int64_t inputs = last_channels / shape.channel_divisor * final_side * final_side;
  for (int layer = 0; layer < 2; ++layer) {
    classifier->add(small_linear(inputs, shape.units));
    classifier->add([kind = shape.activation](const at::Tensor& x, Dropout&) { return activated(x, kind); });
    classifier->add([](const at::Tensor& x, Dropout& dropout) { return dropout(x, dropped); });
    inputs = shape.units;
  }
  classifier->add(small_linear(inputs, shape.classes));
  return classifier;
}

class Vgg : public torch::nn::Module {
 public:
  explicit Vgg(const VggShape& shape) : features_(register_module("features", make_features(shape))) {
    if (shape.for_cifar)
      linear_ =
          register_module("classifier", small_linear(last_channels / shape.channel_divisor, shape.classes));
    else
      classifier_ = register_module("classifier", make_classifier(shape));
  }

  at::Tensor forward(const at::Tensor& images, Dropout& dropout) const {
    const at::Tensor x = features_->forward(images, dropout);
    if (linear_) return linear_->forward(x.mean({2, 3}));
    return classifier_->forward(at::adaptive_avg_pool2d(x, {final_side, final_side}).flatten(1), dropout);
  }

 private:
  std::shared_ptr<Chain> features_;
  std::shared_ptr<Chain> classifier_;
  std::shared_ptr<LinearLayer> linear_;
};

}  // namespace

TorchNetwork make_vgg(const VggShape& shape) {
  auto module = std::make_shared<Vgg>(shape);
  return image_network_of(module, [net = module.get()](const at::Tensor& x, Dropout& dropout) {
    return net->forward(x, dropout);
  });
}

// Kept: what comes behind an activation, before a norm, and before SiLU.
MapCount vgg_maps(const VggShape& shape, int64_t height, int64_t width) {
  MapCount maps(shape.channels, height, width);
  const int64_t copies = 1 + (shape.batch_norm ? 1 : 0) + (shape.activation == Activation::silu ? 1 : 0);
  for (const int64_t outputs : layers) {
    if (outputs > 0)
      maps.convolve(outputs / shape.channel_divisor, 3, 1, 1, copies);
    else if (shape.pooling == Pooling::maximum)
      maps.max_pool(2, 2, 0);
    else
      maps.average_pool(2);
  }
  if (!shape.for_cifar)
    for (int layer = 0; layer < 2; ++layer) maps.linear(shape.units, 3);
  maps.linear(shape.classes, 2);
  return maps;
}

}  // namespace muster::inline task
