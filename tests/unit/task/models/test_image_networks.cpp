// What the image networks are: their sizes, names, initial values, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/task/models/alexnet.h"
#include "muster/task/models/googlenet.h"
#include "muster/task/models/image_model.h"
#include "muster/task/models/resnet_imagenet.h"
#include "muster/task/models/vgg.h"
#include "muster/task/models/vit.h"
#include "tests/unit/task/models/network_probe.h"

namespace muster {
namespace {

using test::NetworkProbe;
using ::testing::Contains;
using ::testing::HasSubstr;

ImageModelOptions options_for(ImageNetwork network, int64_t side, int64_t classes) {
  ImageModelOptions options;
  options.network = network;
  options.height = options.width = side;
  options.classes = classes;
  return options;
}

struct Counted {
  ImageNetwork network;
  int64_t side, classes, parameters;
};

// ImageNet forms: torchvision's counts; ViT: vit-pytorch's; CIFAR forms of VGG and GoogLeNet:
// pytorch-cifar's.
const Counted counted[] = {
    {ImageNetwork::resnet18, 224, 1000, 11689512},    {ImageNetwork::resnet50, 224, 1000, 25557032},
    {ImageNetwork::resnet101, 224, 1000, 44549160},   {ImageNetwork::resnet152, 224, 1000, 60192808},
    {ImageNetwork::vgg16, 224, 1000, 138357544},      {ImageNetwork::vgg16_bn, 224, 1000, 138365992},
    {ImageNetwork::googlenet, 224, 1000, 6624904},    {ImageNetwork::alexnet, 224, 1000, 61100840},
    {ImageNetwork::vit_s, 224, 1000, 21958504},       {ImageNetwork::vit_b, 224, 1000, 86381800},
    {ImageNetwork::vgg16_cifar, 32, 10, 14719818},    {ImageNetwork::vgg16_bn_cifar, 32, 10, 14728266},
    {ImageNetwork::googlenet_cifar, 32, 10, 6166250}, {ImageNetwork::resnet20, 32, 10, 269722},
    {ImageNetwork::resnet18, 32, 10, 11181642},
};

class PublishedCount : public ::testing::TestWithParam<Counted> {};

TEST_P(PublishedCount, IsMetExactly) {
  const Counted& row = GetParam();
  EXPECT_EQ(parameter_count(options_for(row.network, row.side, row.classes)), row.parameters);
}

INSTANTIATE_TEST_SUITE_P(ImageNetworks, PublishedCount, ::testing::ValuesIn(counted));

TEST(ImageNetworks, GroupNormChangesNoCount) {
  ImageModelOptions options = options_for(ImageNetwork::resnet152, 224, 1000);
  options.norm = NormKind::group;
  EXPECT_EQ(parameter_count(options), 60192808);
}

struct Named {
  TorchNetwork network;
  size_t tensors;
  std::vector<std::pair<size_t, const char*>> names;  // place and name
  std::vector<std::string> buffers;
};

// Places as in the state_dict of the reference, buffers left out.
std::vector<Named> named_networks() {
  std::vector<Named> all;
  all.push_back({make_resnet_imagenet({{3, 4, 6, 3}, true, NormKind::batch, 3, 10, 16}),
                 161,
                 {{0, "conv1.weight"},
                  {1, "bn1.weight"},
                  {2, "bn1.bias"},
                  {3, "layer1.0.conv1.weight"},
                  {9, "layer1.0.conv3.weight"},
                  {11, "layer1.0.bn3.bias"},
                  {12, "layer1.0.downsample.0.weight"},
                  {13, "layer1.0.downsample.1.weight"},
                  {15, "layer1.1.conv1.weight"},
                  {159, "fc.weight"},
                  {160, "fc.bias"}},
                 {"bn1.running_mean", "layer4.0.downsample.1.running_var", "layer4.2.bn3.running_var"}});
  all.push_back({make_vgg({.batch_norm = true, .classes = 10, .channel_divisor = 16, .units = 8}),
                 58,
                 {{0, "features.0.weight"},
                  {1, "features.0.bias"},
                  {2, "features.1.weight"},
                  {8, "features.7.weight"},
                  {50, "features.41.weight"},
                  {52, "classifier.0.weight"},
                  {54, "classifier.3.weight"},
                  {57, "classifier.6.bias"}},
                 {"features.1.running_mean", "features.41.running_var"}});
  all.push_back({make_vgg({.classes = 10, .channel_divisor = 16, .units = 8}),
                 32,
                 {{0, "features.0.weight"}, {2, "features.2.weight"}, {25, "features.28.bias"}},
                 {}});
  all.push_back({make_vgg({.for_cifar = true, .classes = 10, .channel_divisor = 16}),
                 28,
                 {{0, "features.0.weight"}, {26, "classifier.weight"}, {27, "classifier.bias"}},
                 {}});
  all.push_back({make_alexnet({3, 10, 16, 8}),
                 16,
                 {{0, "features.0.weight"},
                  {2, "features.3.weight"},
                  {9, "features.10.bias"},
                  {10, "classifier.1.weight"},
                  {12, "classifier.4.weight"},
                  {15, "classifier.6.bias"}},
                 {}});
  all.push_back({make_googlenet({false, 3, 10, 8}),
                 173,
                 {{0, "conv1.conv.weight"},
                  {1, "conv1.bn.weight"},
                  {9, "inception3a.branch1.conv.weight"},
                  {12, "inception3a.branch2.0.conv.weight"},
                  {24, "inception3a.branch4.1.conv.weight"},
                  {26, "inception3a.branch4.1.bn.bias"},
                  {172, "fc.bias"}},
                 {"conv3.bn.running_mean", "inception5b.branch3.1.bn.running_var"}});
  all.push_back({make_googlenet({true, 3, 10, 8}),
                 258,
                 {{0, "pre_layers.0.weight"},
                  {3, "pre_layers.1.bias"},
                  {4, "a3.b1.0.weight"},
                  {8, "a3.b2.0.weight"},
                  {12, "a3.b2.3.weight"},
                  {24, "a3.b3.6.weight"},
                  {28, "a3.b4.1.weight"},
                  {256, "linear.weight"}},
                 {"a3.b4.2.running_mean", "b5.b3.7.running_var"}});
  all.push_back({make_vit({.width = 64, .heads = 2, .hidden = 32, .classes = 10}),
                 130,
                 {{0, "to_patch_embedding.1.weight"},
                  {2, "to_patch_embedding.2.weight"},
                  {5, "to_patch_embedding.3.bias"},
                  {6, "transformer.layers.0.0.norm.weight"},
                  {8, "transformer.layers.0.0.to_qkv.weight"},
                  {9, "transformer.layers.0.0.to_out.weight"},
                  {10, "transformer.layers.0.1.net.0.weight"},
                  {12, "transformer.layers.0.1.net.1.weight"},
                  {15, "transformer.layers.0.1.net.3.bias"},
                  {126, "linear_head.0.weight"},
                  {129, "linear_head.1.bias"}},
                 {}});
  return all;
}

TEST(ImageNetworks, NamesAndOrderAreTheReferences) {
  for (Named& row : named_networks()) {
    const auto model = make_nn_model(row.network, {});
    const auto& pieces = model->parameters().pieces();
    ASSERT_EQ(pieces.size(), row.tensors) << pieces.front().name;
    for (const auto& [place, name] : row.names) EXPECT_EQ(pieces[place].name, name);
    std::vector<std::string> buffers;
    for (const Piece& piece : model->buffers().pieces()) buffers.push_back(piece.name);
    EXPECT_EQ(buffers.empty(), row.buffers.empty()) << pieces.front().name;
    for (const std::string& name : row.buffers) EXPECT_THAT(buffers, Contains(name));
  }
}

double deviation(const NetworkProbe& net, const char* name) {
  return net.tensors().at(name).square().mean().sqrt().item<double>();
}
double largest(const NetworkProbe& net, const char* name) {
  return net.tensors().at(name).abs().max().item<double>();
}

// Tolerances are at least four standard errors of the estimates.
TEST(ImageNetworks, BeginAsTheirReferencesDo) {
  const NetworkProbe resnet(make_resnet_imagenet({{1, 1, 1, 1}, true, NormKind::batch, 3, 10, 2}));
  EXPECT_NEAR(deviation(resnet, "layer1.0.conv2.weight"), std::sqrt(2.0 / (32 * 9)), 0.003);
  EXPECT_NEAR(deviation(resnet, "layer2.0.downsample.0.weight"), std::sqrt(2.0 / 256), 0.002);
  EXPECT_NEAR(largest(resnet, "fc.weight"), 1 / std::sqrt(1024.0), 0.0005);
  EXPECT_EQ(deviation(resnet, "layer1.0.bn3.weight"), 1);
  EXPECT_EQ(largest(resnet, "layer1.0.bn3.bias"), 0);
  const NetworkProbe vgg(make_vgg({.classes = 10, .channel_divisor = 4, .units = 64}));
  EXPECT_NEAR(deviation(vgg, "features.28.weight"), std::sqrt(2.0 / (128 * 9)), 4e-4);
  EXPECT_NEAR(deviation(vgg, "classifier.0.weight"), 0.01, 1e-4);
  EXPECT_EQ(largest(vgg, "features.28.bias"), 0);
  EXPECT_EQ(largest(vgg, "classifier.6.bias"), 0);
  const NetworkProbe googlenet(make_googlenet({false, 3, 10, 2}));
  EXPECT_NEAR(deviation(googlenet, "inception3a.branch2.1.conv.weight"), 0.01, 3e-4);
  EXPECT_NEAR(deviation(googlenet, "fc.weight"), 0.01, 4e-4);
  EXPECT_LT(largest(googlenet, "fc.bias"), 1 / std::sqrt(512.0));
  EXPECT_GT(largest(googlenet, "fc.bias"), 0);
  const NetworkProbe alexnet(make_alexnet({3, 10, 2, 64}));
  EXPECT_NEAR(largest(alexnet, "features.3.weight"), 1 / std::sqrt(32 * 25.0), 1e-4);
  EXPECT_NEAR(deviation(alexnet, "features.3.weight"), 1 / std::sqrt(3 * 32 * 25.0), 2e-4);
  EXPECT_GT(largest(alexnet, "features.3.bias"), 0.9 / std::sqrt(32 * 25.0));
  const NetworkProbe vit(make_vit({.width = 64, .depth = 1, .heads = 2, .hidden = 32, .classes = 10}));
  EXPECT_NEAR(largest(vit, "transformer.layers.0.0.to_qkv.weight"), 1 / 8.0, 1e-3);
  EXPECT_EQ(deviation(vit, "linear_head.0.weight"), 1);
}

struct Least {
  ImageNetwork network;
  int64_t side;
};

TEST(ImageNetworks, RefuseImagesThatTheirStridesLeaveNothingOf) {
  for (const auto& [network, side] :
       {Least{ImageNetwork::resnet18, 1}, Least{ImageNetwork::vgg16, 32},
        Least{ImageNetwork::vgg16_cifar, 32}, Least{ImageNetwork::alexnet, 63},
        Least{ImageNetwork::googlenet, 15}, Least{ImageNetwork::googlenet_cifar, 1}}) {
    ImageModelOptions options = options_for(network, side, 10);
    EXPECT_EQ(least_side(options), side);
    EXPECT_NO_THROW(options.validate());
    if (side == 1) continue;
    options.width = side - 1;
    try {
      options.validate();
      FAIL() << "took an image of " << side - 1 << " pixels";
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr("image.size = " + std::to_string(side - 1) + ": must be at least " +
                                          std::to_string(side)));
    }
  }
}

// The least side is what torch's own layers say: one pixel less and they refuse.
TEST(ImageNetworks, TheLeastSideIsTheLeastThatRuns) {
  const std::pair<TorchNetwork, int64_t> cases[] = {
      {make_alexnet({3, 4, 16, 4}), 63},
      {make_googlenet({false, 3, 4, 8}), 15},
      {make_vgg({.for_cifar = true, .classes = 4, .channel_divisor = 16}), 32}};
  for (const auto& [network, side] : cases) {
    NetworkProbe net(network);
    EXPECT_EQ(net.model->score(test::image_batch(1, side, 4, 1)).samples, 1);
    EXPECT_ANY_THROW(net.model->score(test::image_batch(1, side - 1, 4, 1)));
  }
}

TEST(Vit, PatchFollowsTheImageAndMustFillIt) {
  EXPECT_EQ(default_patch(224, 224), 16);
  EXPECT_EQ(default_patch(128, 200), 16);
  EXPECT_EQ(default_patch(64, 64), 8);
  EXPECT_EQ(default_patch(32, 32), 4);
  EXPECT_EQ(default_patch(8, 8), 1);
  ImageModelOptions options = options_for(ImageNetwork::vit_s, 225, 10);
  try {
    options.validate();
    FAIL() << "patches do not fill the image";
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "image.size = 225: must be a multiple of image.patch = 16 pixels");
  }
  options.patch = 15;
  EXPECT_NO_THROW(options.validate());
  // The first LayerNorm and linear layer see patch x patch x 3 numbers.
  const int64_t fine = parameter_count(options);
  options.patch = 5;
  EXPECT_EQ(fine - parameter_count(options), (15 * 15 - 5 * 5) * 3 * (2 + 384));
}

}  // namespace
}  // namespace muster
