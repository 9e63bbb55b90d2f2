#include "muster/task/models/resnet.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <string>
#include <utility>

#include "muster/task/models/norm.h"

namespace muster::inline task {

namespace {

namespace nn = torch::nn;

constexpr std::array<int64_t, 3> stage_channels{16, 32, 64};

nn::Conv2d convolution(int64_t inputs, int64_t outputs, int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(inputs, outputs, 3).stride(stride).padding(1).bias(false));
}

// Two 3x3 convolutions with norms, and the shortcut around them.
struct BlockImpl : nn::Module {
  BlockImpl(int64_t inputs, int64_t outputs, int64_t stride_, NormKind norm)
      : channels(outputs),
        stride(stride_),
        conv1(register_module("conv1", convolution(inputs, outputs, stride))),
        bn1(norm, outputs),
        conv2(nullptr),
        bn2(norm, outputs) {
    register_module("bn1", bn1.module());
    conv2 = register_module("conv2", convolution(outputs, outputs, 1));
    register_module("bn2", bn2.module());
  }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor y = bn1.then_relu(conv1->forward(x));
    return bn2.add_then_relu(conv2->forward(y), shortcut_a(x, channels, stride));
  }

  int64_t channels, stride;
  nn::Conv2d conv1;
  Norm bn1;
  nn::Conv2d conv2;
  Norm bn2;
};
TORCH_MODULE(Block);

struct ResNetModule : nn::Module {
  explicit ResNetModule(const ResNetShape& shape)
      : conv1(register_module("conv1", convolution(shape.channels, stage_channels[0], 1))),
        bn1(shape.norm, stage_channels[0]) {
    register_module("bn1", bn1.module());
    int64_t inputs = stage_channels[0];
    for (size_t stage = 0; stage < stage_channels.size(); ++stage) {
      nn::Sequential blocks;
      for (int64_t block = 0; block < shape.blocks; ++block) {
        blocks->push_back(Block(inputs, stage_channels[stage], stage > 0 && block == 0 ? 2 : 1, shape.norm));
        inputs = stage_channels[stage];
      }
      stages[stage] = register_module("layer" + std::to_string(stage + 1), blocks);
    }
    fc = register_module("fc", nn::Linear(inputs, shape.classes));
  }

  at::Tensor forward(const at::Tensor& images) {
    at::Tensor x = bn1.then_relu(conv1->forward(images));
    for (nn::Sequential& stage : stages) x = stage->forward(x);
    return fc->forward(x.mean({2, 3}));
  }

  nn::Conv2d conv1;
  Norm bn1;
  std::array<nn::Sequential, 3> stages;
  nn::Linear fc{nullptr};
};

}  // namespace

at::Tensor shortcut_a(const at::Tensor& x, int64_t channels, int64_t stride) {
  const int64_t added = channels - x.size(1);
  if (added == 0 && stride == 1) return x;
  const at::Tensor sparse = x.slice(2, 0, c10::nullopt, stride).slice(3, 0, c10::nullopt, stride);
  return at::constant_pad_nd(sparse, {0, 0, 0, 0, added / 2, added - added / 2});
}

TorchNetwork make_resnet(const ResNetShape& shape) {
  auto module = std::make_shared<ResNetModule>(shape);
  return {module, [module = module.get()](const at::Tensor& x, Dropout&) { return module->forward(x); }};
}

// Kept for the backward pass: what every convolution and every norm read; and about six maps of the largest
// stage for the gradients in flight.
int64_t resnet_activations(const ResNetShape& shape, int64_t height, int64_t width) {
  int64_t area = height * width;
  int64_t floats = shape.channels * area + (2 + 6) * stage_channels[0] * area;
  for (const int64_t channels : stage_channels) {
    floats += 2 * 2 * shape.blocks * channels * area;
    area = (area + 3) / 4;
  }
  return floats;
}

}  // namespace muster::inline task
