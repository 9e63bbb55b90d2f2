#include "muster/task/models/googlenet.h"

#include <ATen/Functions.h>
#include <torch/nn/modules/batchnorm.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/models/batch_norm.h"
#include "muster/task/models/layer_module.h"

namespace muster::inline task {

namespace {

constexpr int64_t stem_narrow = 64, stem_wide = 192;
constexpr double dropped = 0.2, deviation = 0.01, torchvision_epsilon = 1e-3;

/// Output channels of the four branches; "narrow" is the 1x1 convolution before the wide one.
struct Inception {
  const char* torchvision;
  const char* cifar;
  int64_t one, narrow3, three, narrow5, five, pooled;
  int64_t outputs() const { return one + three + five + pooled; }
  Inception slimmer(int64_t d) const {
    return {torchvision, cifar, one / d, narrow3 / d, three / d, narrow5 / d, five / d, pooled / d};
  }
};

// Table 1 of the paper.
constexpr std::array<Inception, 9> inceptions{{
    {"inception3a", "a3", 64, 96, 128, 16, 32, 32},
    {"inception3b", "b3", 128, 128, 192, 32, 96, 64},
    {"inception4a", "a4", 192, 96, 208, 16, 48, 64},
    {"inception4b", "b4", 160, 112, 224, 24, 64, 64},
    {"inception4c", "c4", 128, 128, 256, 24, 64, 64},
    {"inception4d", "d4", 112, 144, 288, 32, 64, 64},
    {"inception4e", "e4", 256, 160, 320, 32, 128, 128},
    {"inception5a", "a5", 256, 160, 320, 32, 128, 128},
    {"inception5b", "b5", 384, 192, 384, 48, 128, 128},
}};
constexpr size_t first_of_stage4 = 2, first_of_stage5 = 7;

/// One branch of convolutions; that with the pool begins with a 3x3 maximum.
struct Branch {
  std::vector<ConvolutionShape> convolutions;
  bool pool = false;
};

std::vector<Branch> branches_of(const Inception& sizes, int64_t inputs, bool for_cifar) {
  const auto narrow = [&](int64_t outputs) { return ConvolutionShape{inputs, outputs, 1, 1, 0, for_cifar}; };
  const auto wide = [&](int64_t from, int64_t to) { return ConvolutionShape{from, to, 3, 1, 1, for_cifar}; };
  Branch five{{narrow(sizes.narrow5), wide(sizes.narrow5, sizes.five)}};
  if (for_cifar) five.convolutions.push_back(wide(sizes.five, sizes.five));
  return {{{narrow(sizes.one)}},
          {{narrow(sizes.narrow3), wide(sizes.narrow3, sizes.three)}},
          five,
          {{narrow(sizes.pooled)}, true}};
}

std::shared_ptr<torch::nn::BatchNorm2dImpl> make_norm(int64_t channels, double epsilon) {
  return torch::nn::BatchNorm2d(torch::nn::BatchNormOptions(channels).eps(epsilon)).ptr();
}

// Torchvision's: modules "conv" and "bn".
class BasicConvolution : public torch::nn::Module {
 public:
  explicit BasicConvolution(const ConvolutionShape& shape)
      : convolution_(register_module("conv", std::make_shared<Convolution>(shape, normal_start(deviation)))),
        norm_(register_module("bn", make_norm(shape.outputs, torchvision_epsilon))) {}

  at::Tensor forward(const at::Tensor& x) const { return batch_norm_relu(*norm_, convolution_->forward(x)); }

 private:
  std::shared_ptr<Convolution> convolution_;
  std::shared_ptr<torch::nn::BatchNorm2dImpl> norm_;
};

at::Tensor widest_of_nine(const at::Tensor& x, Dropout&) { return at::max_pool2d(x, 3, 1, 1); }

// pytorch-cifar's: convolution, norm and ReLU are places of one chain.
void add_cifar_convolution(Chain& chain, const ConvolutionShape& shape) {
  chain.add(torch_convolution(shape));
  const auto norm = make_norm(shape.outputs, 1e-5);
  chain.add(norm, [norm = norm.get()](const at::Tensor& x, Dropout&) { return batch_norm_relu(*norm, x); });
  chain.skip();
}

class InceptionModule : public torch::nn::Module {
 public:
  InceptionModule(const Inception& sizes, int64_t inputs, bool for_cifar) {
    for (const Branch& branch : branches_of(sizes, inputs, for_cifar))
      for_cifar ? add_cifar_branch(branch) : add_branch(branch);
  }

  at::Tensor forward(const at::Tensor& x, Dropout& dropout) const {
    std::vector<at::Tensor> outputs;
    for (const Step& branch : branches_) outputs.push_back(branch(x, dropout));
    return at::cat(outputs, 1);
  }

 private:
  void add_branch(const Branch& branch) {
    const std::string name = "branch" + std::to_string(branches_.size() + 1);
    if (branch.convolutions.size() == 1 && !branch.pool) {
      const auto only = register_module(name, std::make_shared<BasicConvolution>(branch.convolutions[0]));
      branches_.emplace_back([only](const at::Tensor& x, Dropout&) { return only->forward(x); });
      return;
    }
    const auto chain = start_chain(name, branch);
    for (const ConvolutionShape& shape : branch.convolutions)
      chain->add(std::make_shared<BasicConvolution>(shape));
  }

  void add_cifar_branch(const Branch& branch) {
    const auto chain = start_chain("b" + std::to_string(branches_.size() + 1), branch);
    for (const ConvolutionShape& shape : branch.convolutions) add_cifar_convolution(*chain, shape);
  }

  std::shared_ptr<Chain> start_chain(const std::string& name, const Branch& branch) {
    auto chain = register_module(name, std::make_shared<Chain>());
    if (branch.pool) chain->add(widest_of_nine);
    branches_.emplace_back(
        [chain](const at::Tensor& x, Dropout& dropout) { return chain->forward(x, dropout); });
    return chain;
  }

  std::vector<Step> branches_;
};

class GoogLeNet : public torch::nn::Module {
 public:
  explicit GoogLeNet(const GoogLeNetShape& shape) : for_cifar_(shape.for_cifar) {
    int64_t inputs = for_cifar_ ? add_cifar_stem(shape) : add_stem(shape);
    for (const Inception& inception : inceptions) {
      const Inception sizes = inception.slimmer(shape.channel_divisor);
      inceptions_.push_back(register_module(for_cifar_ ? sizes.cifar : sizes.torchvision,
                                            std::make_shared<InceptionModule>(sizes, inputs, for_cifar_)));
      inputs = sizes.outputs();
    }
    linear_ = for_cifar_ ? register_module("linear", torch_linear(inputs, shape.classes))
                         : register_module("fc", std::make_shared<LinearLayer>(inputs, shape.classes, true,
                                                                               normal_start(deviation),
                                                                               fan_in_uniform(inputs)));
  }

  at::Tensor forward(const at::Tensor& images, Dropout& dropout) const {
    at::Tensor x = images;
    for (const Step& step : stem_) x = step(x, dropout);
    for (size_t i = 0; i < inceptions_.size(); ++i) {
      if (i == first_of_stage4) x = halved(x, 3);
      if (i == first_of_stage5) x = halved(x, 2);
      x = inceptions_[i]->forward(x, dropout);
    }
    x = x.mean({2, 3});
    return linear_->forward(for_cifar_ ? x : dropout(x, dropped));
  }

 private:
  int64_t add_stem(const GoogLeNetShape& shape) {
    const auto add = [this](const char* name, const ConvolutionShape& form) {
      const auto layer = register_module(name, std::make_shared<BasicConvolution>(form));
      stem_.emplace_back([layer](const at::Tensor& x, Dropout&) { return layer->forward(x); });
    };
    const Step pool = [this](const at::Tensor& x, Dropout&) { return halved(x, 3); };
    const int64_t narrow = stem_narrow / shape.channel_divisor, wide = stem_wide / shape.channel_divisor;
    add("conv1", {shape.channels, narrow, 7, 2, 3});
    stem_.push_back(pool);
    add("conv2", {narrow, narrow, 1});
    add("conv3", {narrow, wide, 3, 1, 1});
    stem_.push_back(pool);
    return wide;
  }

  int64_t add_cifar_stem(const GoogLeNetShape& shape) {
    const auto chain = register_module("pre_layers", std::make_shared<Chain>());
    const int64_t wide = stem_wide / shape.channel_divisor;
    add_cifar_convolution(*chain, {shape.channels, wide, 3, 1, 1, true});
    stem_.emplace_back([chain](const at::Tensor& x, Dropout& dropout) { return chain->forward(x, dropout); });
    return wide;
  }

  // Torchvision's pools round up; pytorch-cifar's are 3x3 with padding.
  at::Tensor halved(const at::Tensor& x, int64_t kernel) const {
    return for_cifar_ ? at::max_pool2d(x, 3, 2, 1) : at::max_pool2d(x, kernel, 2, 0, 1, /*ceil_mode=*/true);
  }

  bool for_cifar_;
  std::vector<Step> stem_;
  std::vector<std::shared_ptr<InceptionModule>> inceptions_;
  std::shared_ptr<LinearLayer> linear_;
};

// Kept: per convolution the inputs of its norm and its ReLU's output; the joined map; the places of maxima.
void count_inception(MapCount& maps, const Inception& sizes, bool for_cifar) {
  const int64_t inputs = maps.channels, area = maps.height * maps.width;
  for (const Branch& branch : branches_of(sizes, inputs, for_cifar)) {
    if (branch.pool) maps.kept += 3 * inputs * area;
    for (const ConvolutionShape& shape : branch.convolutions) maps.kept += 2 * shape.outputs * area;
  }
  maps.convolve(sizes.outputs(), 1, 1, 0, 1);
}

}  // namespace

TorchNetwork make_googlenet(const GoogLeNetShape& shape) {
  auto module = std::make_shared<GoogLeNet>(shape);
  return image_network_of(module, [net = module.get()](const at::Tensor& x, Dropout& dropout) {
    return net->forward(x, dropout);
  });
}

MapCount googlenet_maps(const GoogLeNetShape& shape, int64_t height, int64_t width) {
  MapCount maps(shape.channels, height, width);
  const auto halve = [&](int64_t kernel) {
    shape.for_cifar ? maps.max_pool(3, 2, 1) : maps.max_pool(kernel, 2, 0, MapCount::Rounding::up);
  };
  const int64_t narrow = stem_narrow / shape.channel_divisor, wide = stem_wide / shape.channel_divisor;
  if (shape.for_cifar) {
    maps.convolve(wide, 3, 1, 1, 2);
  } else {
    maps.convolve(narrow, 7, 2, 3, 2);
    halve(3);
    maps.convolve(narrow, 1, 1, 0, 2);
    maps.convolve(wide, 3, 1, 1, 2);
    halve(3);
  }
  for (size_t i = 0; i < inceptions.size(); ++i) {
    if (i == first_of_stage4) halve(3);
    if (i == first_of_stage5) halve(2);
    count_inception(maps, inceptions[i].slimmer(shape.channel_divisor), shape.for_cifar);
  }
  maps.linear(shape.classes, 2);
  return maps;
}

}  // namespace muster::inline task
