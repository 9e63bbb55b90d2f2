// The image networks learn, score without noise, and need the memory that is estimated.
#include <ATen/TensorOperators.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "muster/task/models/autocast.h"
#include "muster/task/models/image_model.h"
#include "tests/unit/task/models/network_probe.h"
#include "tests/unit/task/models/slim_networks.h"

namespace muster {
namespace {

using namespace test::slim;
using test::NetworkProbe;

struct Case {
  const char* name;
  TorchNetwork (*make)();
  int64_t (*floats)();  ///< of one image, as estimated
  int64_t side;
  int64_t batch;
};

const Case cases[] = {
    {"resnet_basic", [] { return make_resnet_imagenet(basic); },
     [] { return resnet_imagenet_maps(basic, 96, 96).training_floats(); }, 96, 4},
    {"resnet_bottleneck", [] { return make_resnet_imagenet(bottleneck); },
     [] { return resnet_imagenet_maps(bottleneck, 96, 96).training_floats(); }, 96, 4},
    {"resnet_group_norm", [] { return make_resnet_imagenet(grouped); },
     [] { return resnet_imagenet_maps(grouped, 96, 96).training_floats(); }, 96, 4},
    {"vgg", [] { return make_vgg(vgg); }, [] { return vgg_maps(vgg, 96, 96).training_floats(); }, 96, 2},
    {"vgg_bn", [] { return make_vgg(vgg_bn); }, [] { return vgg_maps(vgg_bn, 96, 96).training_floats(); }, 96,
     2},
    {"vgg_cifar", [] { return make_vgg(vgg_cifar); },
     [] { return vgg_maps(vgg_cifar, 32, 32).training_floats(); }, 32, 4},
    {"vgg_silu", [] { return make_vgg(vgg_silu); },
     [] { return vgg_maps(vgg_silu, 32, 32).training_floats(); }, 32, 4},
    {"vgg_bn_silu", [] { return make_vgg(vgg_bn_silu); },
     [] { return vgg_maps(vgg_bn_silu, 64, 64).training_floats(); }, 64, 2},
    {"googlenet", [] { return make_googlenet(googlenet); },
     [] { return googlenet_maps(googlenet, 64, 64).training_floats(); }, 64, 4},
    {"googlenet_cifar", [] { return make_googlenet(googlenet_cifar); },
     [] { return googlenet_maps(googlenet_cifar, 24, 24).training_floats(); }, 24, 4},
    {"alexnet", [] { return make_alexnet(alexnet); },
     [] { return alexnet_maps(alexnet, 127, 127).training_floats(); }, 127, 2},
    {"vit", [] { return make_vit(vit); }, [] { return vit_activations(vit); }, 64, 4},
};

class EveryImageNetwork : public ::testing::TestWithParam<Case> {};

// The mean of a batch takes the bias of a convolution before a norm away, so its gradient is rounding.
bool stands_before_norm(const std::set<std::string>& names, const Piece& piece) {
  const auto dot = piece.name.rfind('.'), before = piece.name.rfind('.', dot - 1);
  if (piece.name.substr(dot) != ".bias" || before == std::string::npos) return false;
  const std::string place = piece.name.substr(before + 1, dot - before - 1);
  if (place.find_first_not_of("0123456789") != std::string::npos) return false;
  const std::string next = piece.name.substr(0, before + 1) + std::to_string(std::stoi(place) + 1);
  return names.contains(next + ".running_mean");
}

TEST_P(EveryImageNetwork, HasAGradientEverywhereAndLearns) {
  const Case& row = GetParam();
  NetworkProbe net(row.make());
  const Batch batch = test::image_batch(row.batch, row.side, classes, 1);
  const RandomKey noise{3, Purpose::dropout, 0, 0};
  const double first = net.model->loss_and_gradient(batch, noise);
  ASSERT_TRUE(std::isfinite(first));
  std::set<std::string> buffers;
  for (const Piece& piece : net.model->buffers().pieces()) buffers.insert(piece.name);
  for (const Piece& piece : net.model->parameters().pieces()) {
    const double size = view_of(net.gradient, piece).abs().max().item<double>();
    EXPECT_TRUE(std::isfinite(size)) << piece.name;
    if (stands_before_norm(buffers, piece)) continue;
    EXPECT_GT(size, 0) << piece.name;
  }
  // Steps that would each take a fiftieth off the loss, if it were straight.
  double loss = first;
  for (int step = 0; step < 8; ++step) {
    const double square = net.gradient.square().sum().item<double>();
    net.parameters.sub_(0.02 * loss / square * net.gradient);
    loss = net.model->loss_and_gradient(batch, noise);
  }
  EXPECT_LT(loss, 0.95 * first);
}

TEST_P(EveryImageNetwork, ScoresWithoutNoiseAndIgnoresTheLayoutOfTheImages) {
  const Case& row = GetParam();
  NetworkProbe net(row.make());
  Batch batch = test::image_batch(row.batch, row.side, classes, 2);
  const Score once = net.model->score(batch);
  net.model->loss_and_gradient(batch, {4, Purpose::dropout, 0, 1});
  const NetworkProbe fresh(row.make());
  batch.inputs = batch.inputs.contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_NEAR(fresh.model->score(batch).loss, once.loss, 1e-5 * std::abs(once.loss));
  EXPECT_EQ(fresh.model->score(batch).loss, fresh.model->score(batch).loss);
}

TEST_P(EveryImageNetwork, RunsInBf16) {
  if (!processor_has_bf16()) GTEST_SKIP() << "this processor has no bf16 instructions";
  const Case& row = GetParam();
  const Batch batch = test::image_batch(row.batch, row.side, classes, 1);
  const RandomKey noise{3, Purpose::dropout, 0, 0};
  NetworkProbe full(row.make()), half(row.make(), {.seed = 1, .bf16 = true});
  const double wanted = full.model->loss_and_gradient(batch, noise);
  EXPECT_NEAR(half.model->loss_and_gradient(batch, noise), wanted, 0.05 * wanted);
  EXPECT_TRUE(half.gradient.isfinite().all().item<bool>());
}

/// The most bytes of tensors that were alive at once in this thread.
class PeakBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, int64_t, int64_t, c10::Device) override {
    present_ += size;
    peak_ = std::max(peak_, present_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t peak() const { return peak_; }

 private:
  int64_t present_ = 0, peak_ = 0;
};

TEST_P(EveryImageNetwork, HoldsAboutAsManyBytesAsEstimated) {
  const Case& row = GetParam();
  NetworkProbe net(row.make());
  const Batch batch = test::image_batch(row.batch, row.side, classes, 1);
  const auto meter = std::make_shared<PeakBytes>();
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
    net.model->loss_and_gradient(batch, {});
  }
  int64_t largest_weight = 0;
  for (const Piece& piece : net.model->parameters().pieces())
    largest_weight = std::max(largest_weight, piece.size);
  const auto estimate = static_cast<double>(4 * (row.floats() * row.batch + largest_weight));
  EXPECT_NEAR(estimate / static_cast<double>(meter->peak()), 1.0, 0.3) << meter->peak();
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(ImageNetworks, EveryImageNetwork, ::testing::ValuesIn(cases), name_of);

TEST(ImageNetworks, DropoutFollowsItsKey) {
  NetworkProbe net(make_alexnet({3, classes, 4, 64}));
  const Batch batch = test::image_batch(4, 67, classes, 3);
  const double one = net.model->loss_and_gradient(batch, {1, Purpose::dropout, 0, 1});
  EXPECT_EQ(net.model->loss_and_gradient(batch, {1, Purpose::dropout, 0, 1}), one);
  EXPECT_NE(net.model->loss_and_gradient(batch, {1, Purpose::dropout, 0, 2}), one);
}

}  // namespace
}  // namespace muster
