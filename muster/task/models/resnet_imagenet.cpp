#include "muster/task/models/resnet_imagenet.h"

#include <ATen/Functions.h>

#include <memory>
#include <string>
#include <vector>

#include "muster/task/models/layer_module.h"
#include "muster/task/models/norm.h"

namespace muster::inline task {

namespace {

constexpr int64_t stem_channels = 64, expansion = 4;

std::vector<ConvolutionShape> block_shapes(int64_t inputs, int64_t width, int64_t stride, bool bottleneck) {
  if (!bottleneck) return {{inputs, width, 3, stride, 1}, {width, width, 3, 1, 1}};
  return {{inputs, width, 1, 1, 0}, {width, width, 3, stride, 1}, {width, expansion * width, 1, 1, 0}};
}

std::shared_ptr<Convolution> he_convolution(const ConvolutionShape& shape) {
  return std::make_shared<Convolution>(shape, he_normal(shape.outputs, shape.kernel));
}

int64_t stem_of(const ImageNetResNetShape& shape) { return stem_channels / shape.channel_divisor; }

// Calls visit(stage, first of its stage?, inputs, width, stride) for every block, in order.
template <class Visit>
int64_t for_each_block(const ImageNetResNetShape& shape, Visit visit) {
  int64_t inputs = stem_of(shape), width = inputs;
  for (size_t stage = 0; stage < shape.blocks.size(); ++stage, width *= 2) {
    for (int64_t block = 0; block < shape.blocks[stage]; ++block) {
      const int64_t stride = block == 0 && stage > 0 ? 2 : 1;
      visit(stage, block_shapes(inputs, width, stride, shape.bottleneck));
      inputs = shape.bottleneck ? expansion * width : width;
    }
  }
  return inputs;
}

bool changes_shape(const std::vector<ConvolutionShape>& shapes, int64_t stride) {
  return stride != 1 || shapes.front().inputs != shapes.back().outputs;
}

int64_t stride_of(const std::vector<ConvolutionShape>& shapes) {
  int64_t stride = 1;
  for (const ConvolutionShape& shape : shapes) stride *= shape.stride;
  return stride;
}

// Convolutions with norms, and the shortcut around them.
class ResidualBlock : public torch::nn::Module {
 public:
  ResidualBlock(const std::vector<ConvolutionShape>& shapes, NormKind norm) {
    for (const ConvolutionShape& shape : shapes) {
      const std::string number = std::to_string(convolutions_.size() + 1);
      convolutions_.push_back(register_module("conv" + number, he_convolution(shape)));
      norms_.emplace_back(norm, shape.outputs);
      register_module("bn" + number, norms_.back().module());
    }
    if (const int64_t stride = stride_of(shapes); changes_shape(shapes, stride))
      add_shortcut({shapes.front().inputs, shapes.back().outputs, 1, stride, 0}, norm);
  }

  at::Tensor forward(const at::Tensor& x) const {
    at::Tensor y = x;
    for (size_t i = 0; i + 1 < norms_.size(); ++i) y = norms_[i].then_relu(convolutions_[i]->forward(y));
    Dropout none;
    const at::Tensor residual = shortcut_ ? shortcut_->forward(x, none) : x;
    return norms_.back().add_then_relu(convolutions_.back()->forward(y), residual);
  }

 private:
  void add_shortcut(const ConvolutionShape& shape, NormKind kind) {
    shortcut_ = register_module("downsample", std::make_shared<Chain>());
    shortcut_->add(he_convolution(shape));
    const Norm norm(kind, shape.outputs);
    shortcut_->add(norm.module(), [norm](const at::Tensor& x, Dropout&) { return norm(x); });
  }

  std::vector<std::shared_ptr<Convolution>> convolutions_;
  std::vector<Norm> norms_;
  std::shared_ptr<Chain> shortcut_;
};

class ImageNetResNet : public torch::nn::Module {
 public:
  explicit ImageNetResNet(const ImageNetResNetShape& shape)
      : conv1_(register_module("conv1", he_convolution({shape.channels, stem_of(shape), 7, 2, 3}))),
        bn1_(shape.norm, stem_of(shape)) {
    register_module("bn1", bn1_.module());
    const int64_t outputs = for_each_block(shape, [&](size_t stage,
                                                      const std::vector<ConvolutionShape>& shapes) {
      if (stage == stages_.size())
        stages_.push_back(register_module("layer" + std::to_string(stage + 1), std::make_shared<Chain>()));
      stages_.back()->add(std::make_shared<ResidualBlock>(shapes, shape.norm));
    });
    fc_ = register_module("fc", torch_linear(outputs, shape.classes));
  }

  at::Tensor forward(const at::Tensor& images, Dropout& dropout) const {
    at::Tensor x = at::max_pool2d(bn1_.then_relu(conv1_->forward(images)), 3, 2, 1);
    for (const auto& stage : stages_) x = stage->forward(x, dropout);
    return fc_->forward(x.mean({2, 3}));
  }

 private:
  std::shared_ptr<Convolution> conv1_;
  Norm bn1_;
  std::vector<std::shared_ptr<Chain>> stages_;
  std::shared_ptr<LinearLayer> fc_;
};

}  // namespace

TorchNetwork make_resnet_imagenet(const ImageNetResNetShape& shape) {
  auto module = std::make_shared<ImageNetResNet>(shape);
  return image_network_of(module, [net = module.get()](const at::Tensor& x, Dropout& dropout) {
    return net->forward(x, dropout);
  });
}

// Kept: what a norm and the convolution behind it read; of a shortcut only what its norm reads.
MapCount resnet_imagenet_maps(const ImageNetResNetShape& shape, int64_t height, int64_t width) {
  MapCount maps(shape.channels, height, width);
  maps.convolve(stem_of(shape), 7, 2, 3, 2);
  maps.max_pool(3, 2, 1);
  for_each_block(shape, [&](size_t, const std::vector<ConvolutionShape>& shapes) {
    for (const ConvolutionShape& c : shapes) maps.convolve(c.outputs, c.kernel, c.stride, c.padding, 2);
    if (changes_shape(shapes, stride_of(shapes))) maps.kept += maps.floats();
  });
  maps.linear(shape.classes, 2);
  return maps;
}

}  // namespace muster::inline task
