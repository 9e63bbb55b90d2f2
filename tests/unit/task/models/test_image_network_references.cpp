// The image networks compute what their references do: the same sums written down layer by layer, channels
// first, from the tensors by name.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/unit/task/models/network_probe.h"
#include "tests/unit/task/models/slim_networks.h"

namespace muster {
namespace {

using namespace test::slim;
using test::NetworkProbe;

using Tensors = std::map<std::string, at::Tensor>;

at::Tensor convolved(const Tensors& t, const std::string& name, const at::Tensor& x, int64_t stride,
                     int64_t padding) {
  const auto bias = t.find(name + ".bias");
  return at::conv2d(x, t.at(name + ".weight").contiguous(), bias == t.end() ? at::Tensor() : bias->second,
                    stride, padding);
}

at::Tensor normed(const Tensors& t, const std::string& name, const at::Tensor& x, double epsilon = 1e-5) {
  return at::batch_norm(x, t.at(name + ".weight"), t.at(name + ".bias"), t.at(name + ".running_mean"),
                        t.at(name + ".running_var"), false, 0.1, epsilon, false);
}

at::Tensor linear(const Tensors& t, const std::string& name, const at::Tensor& x) {
  const auto bias = t.find(name + ".bias");
  const at::Tensor y = at::matmul(x, t.at(name + ".weight").t());
  return bias == t.end() ? y : y + bias->second;
}

// Norms with weights, biases and statistics that are not 1 and 0.
void shuffle_norms(NetworkProbe& net) {
  uint64_t key = 100;
  for (auto& [name, tensor] : net.tensors()) {
    if (tensor.dim() != 1) continue;
    const at::Tensor noise = test::normal_tensor({tensor.numel()}, ++key);
    tensor.add_(0.2 * (name.ends_with("running_var") ? noise.abs() : noise));
  }
}

// In evaluation mode, into which score() sets the module.
at::Tensor logits_of(NetworkProbe& net, const at::Tensor& images) {
  const at::NoGradGuard no_grad;
  net.model->score({images, at::zeros({images.size(0)}, at::kLong)});
  Dropout none;
  return net.network.forward(images, none);
}

void expect_close(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  const double scale = b.abs().max().item<double>();
  EXPECT_GT(scale, 0);
  EXPECT_LT((a - b).abs().max().item<double>(), 2e-5 * scale);
}

TEST(ImageNetworkReferences, AlexNetFlattensChannelsFirst) {
  NetworkProbe net(make_alexnet(alexnet));
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 224, 224}, 5);
  at::Tensor x = at::max_pool2d(convolved(t, "features.0", images, 4, 2).relu(), 3, 2);
  x = at::max_pool2d(convolved(t, "features.3", x, 1, 2).relu(), 3, 2);
  x = convolved(t, "features.6", x, 1, 1).relu();
  x = convolved(t, "features.8", x, 1, 1).relu();
  x = at::max_pool2d(convolved(t, "features.10", x, 1, 1).relu(), 3, 2);
  ASSERT_EQ(x.sizes().vec(), (std::vector<int64_t>{2, 64, 6, 6}));
  x = linear(t, "classifier.1", x.reshape({2, 64 * 36})).relu();
  expect_close(logits_of(net, images), linear(t, "classifier.6", linear(t, "classifier.4", x).relu()));
}

TEST(ImageNetworkReferences, VggWithNormsFlattensChannelsFirst) {
  NetworkProbe net(make_vgg(vgg_bn));
  shuffle_norms(net);
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 64, 64}, 6);
  at::Tensor x = images;
  int place = 0;
  for (const int group : {2, 2, 3, 3, 3}) {
    for (int layer = 0; layer < group; ++layer, place += 3)
      x = normed(t, "features." + std::to_string(place + 1),
                 convolved(t, "features." + std::to_string(place), x, 1, 1))
              .relu();
    x = at::max_pool2d(x, 2, 2);
    ++place;
  }
  x = at::adaptive_avg_pool2d(x.contiguous(), {7, 7}).reshape({2, 64 * 49});
  x = linear(t, "classifier.3", linear(t, "classifier.0", x).relu()).relu();
  expect_close(logits_of(net, images), linear(t, "classifier.6", x));
}

TEST(ImageNetworkReferences, ResNetHasItsStrideInTheThreeByThree) {
  NetworkProbe net(make_resnet_imagenet(bottleneck));
  shuffle_norms(net);
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 65, 65}, 7);
  at::Tensor x = at::max_pool2d(normed(t, "bn1", convolved(t, "conv1", images, 2, 3)).relu(), 3, 2, 1);
  const int64_t blocks[] = {2, 2, 1, 1};
  for (int64_t stage = 0; stage < 4; ++stage) {
    for (int64_t block = 0; block < blocks[stage]; ++block) {
      const std::string at = "layer" + std::to_string(stage + 1) + "." + std::to_string(block) + ".";
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      at::Tensor y = normed(t, at + "bn1", convolved(t, at + "conv1", x, 1, 0)).relu();
      y = normed(t, at + "bn2", convolved(t, at + "conv2", y, stride, 1)).relu();
      y = normed(t, at + "bn3", convolved(t, at + "conv3", y, 1, 0));
      if (block == 0) x = normed(t, at + "downsample.1", convolved(t, at + "downsample.0", x, stride, 0));
      x = (y + x).relu();
    }
  }
  expect_close(logits_of(net, images), linear(t, "fc", x.mean({2, 3})));
}

at::Tensor inception(const Tensors& t, const std::string& name, const at::Tensor& x) {
  const auto unit = [&](const std::string& part, const at::Tensor& y, int64_t padding) {
    const std::string at = name + "." + part;
    return normed(t, at + ".bn", convolved(t, at + ".conv", y, 1, padding), 1e-3).relu();
  };
  return at::cat(
      {unit("branch1", x, 0), unit("branch2.1", unit("branch2.0", x, 0), 1),
       unit("branch3.1", unit("branch3.0", x, 0), 1), unit("branch4.1", at::max_pool2d(x, 3, 1, 1), 0)},
      1);
}

TEST(ImageNetworkReferences, GoogLeNetPoolsRoundUp) {
  NetworkProbe net(make_googlenet(googlenet));
  shuffle_norms(net);
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 67, 67}, 8);
  const auto unit = [&](const std::string& name, const at::Tensor& y, int64_t stride, int64_t padding) {
    return normed(t, name + ".bn", convolved(t, name + ".conv", y, stride, padding), 1e-3).relu();
  };
  const auto pool = [](const at::Tensor& y, int64_t kernel) {
    return at::max_pool2d(y, kernel, 2, 0, 1, true);
  };
  at::Tensor x = pool(unit("conv1", images, 2, 3), 3);
  x = pool(unit("conv3", unit("conv2", x, 1, 0), 1, 1), 3);
  for (const char* name : {"3a", "3b"}) x = inception(t, std::string("inception") + name, x);
  x = pool(x, 3);
  for (const char* name : {"4a", "4b", "4c", "4d", "4e"})
    x = inception(t, std::string("inception") + name, x);
  x = pool(x, 2);
  for (const char* name : {"5a", "5b"}) x = inception(t, std::string("inception") + name, x);
  expect_close(logits_of(net, images), linear(t, "fc", x.mean({2, 3})));
}

TEST(ImageNetworkReferences, GoogLeNetForCifar) {
  NetworkProbe net(make_googlenet(googlenet_cifar));
  shuffle_norms(net);
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 32, 32}, 9);
  const auto places = [&](const std::string& name, at::Tensor y, std::vector<std::pair<int, int>> layers) {
    for (const auto& [place, padding] : layers)
      y = normed(t, name + "." + std::to_string(place + 1),
                 convolved(t, name + "." + std::to_string(place), y, 1, padding))
              .relu();
    return y;
  };
  at::Tensor x = places("pre_layers", images, {{0, 1}});
  for (const std::string name : {"a3", "b3", "a4", "b4", "c4", "d4", "e4", "a5", "b5"}) {
    if (name == "a4" || name == "a5") x = at::max_pool2d(x, 3, 2, 1);
    x = at::cat({places(name + ".b1", x, {{0, 0}}), places(name + ".b2", x, {{0, 0}, {3, 1}}),
                 places(name + ".b3", x, {{0, 0}, {3, 1}, {6, 1}}),
                 places(name + ".b4", at::max_pool2d(x, 3, 1, 1), {{1, 0}})},
                1);
  }
  expect_close(logits_of(net, images), linear(t, "linear", at::avg_pool2d(x, 8, 1).flatten(1)));
}

at::Tensor layer_normed(const Tensors& t, const std::string& name, const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(-1, true);
  return centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * t.at(name + ".weight") +
         t.at(name + ".bias");
}

// One head of one image at a time; the code of places by its formula.
TEST(ImageNetworkReferences, VitAttendsHeadByHead) {
  const VitShape shape{.width = 24,
                       .depth = 2,
                       .heads = 3,
                       .head_width = 5,
                       .hidden = 20,
                       .patch = 4,
                       .height = 8,
                       .image_width = 12,
                       .classes = classes};
  NetworkProbe net(make_vit(shape));
  shuffle_norms(net);
  const Tensors t = net.tensors();
  const at::Tensor images = test::normal_tensor({2, 3, 8, 12}, 10);
  const at::Tensor logits = logits_of(net, images);
  for (int64_t image = 0; image < 2; ++image) {
    at::Tensor patches = at::empty({6, 48});
    for (int64_t row = 0; row < 8; ++row)
      for (int64_t column = 0; column < 12; ++column)
        for (int64_t channel = 0; channel < 3; ++channel)
          patches[row / 4 * 3 + column / 4][((row % 4) * 4 + column % 4) * 3 + channel] =
              images[image][channel][row][column];
    const std::string in = "to_patch_embedding.";
    at::Tensor x = layer_normed(t, in + "3", linear(t, in + "2", layer_normed(t, in + "1", patches)));
    for (int64_t token = 0; token < 6; ++token)
      for (int64_t i = 0; i < 6; ++i) {
        const double omega = std::pow(10000.0, -static_cast<double>(i) / 5);
        const double across = static_cast<double>(token % 3) * omega, down = token >= 3 ? omega : 0;
        x[token][i] += std::sin(across);
        x[token][6 + i] += std::cos(across);
        x[token][12 + i] += std::sin(down);
        x[token][18 + i] += std::cos(down);
      }
    for (const std::string block : {"transformer.layers.0.", "transformer.layers.1."}) {
      const at::Tensor qkv = linear(t, block + "0.to_qkv", layer_normed(t, block + "0.norm", x));
      std::vector<at::Tensor> heads;
      for (int64_t head = 0; head < 3; ++head) {
        const at::Tensor q = qkv.narrow(1, 5 * head, 5), k = qkv.narrow(1, 15 + 5 * head, 5);
        const at::Tensor weights = at::softmax(at::matmul(q, k.t()) / std::sqrt(5.0), 1);
        heads.push_back(at::matmul(weights, qkv.narrow(1, 30 + 5 * head, 5)));
      }
      x = x + linear(t, block + "0.to_out", at::cat(heads, 1));
      const at::Tensor hidden = linear(t, block + "1.net.1", layer_normed(t, block + "1.net.0", x));
      x = x + linear(t, block + "1.net.3", 0.5 * hidden * (1 + at::erf(hidden / std::sqrt(2.0))));
    }
    expect_close(logits[image], linear(t, "linear_head.1", layer_normed(t, "linear_head.0", x.mean(0))));
  }
}

}  // namespace
}  // namespace muster
