#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <string>

#include "muster/task/models/batch_norm.h"
#include "muster/task/models/dropout.h"
#include "muster/task/models/norm.h"

namespace muster {
namespace {

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / (b.norm() + 1e-12)).item<double>();
}

struct Case {
  int64_t channels;
  bool residual, relu, training;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return std::to_string(info.param.channels) + (info.param.residual ? "_residual" : "") +
         (info.param.relu ? "_relu" : "") + (info.param.training ? "_training" : "_evaluation");
}

// Everything that one forward and backward pass leaves behind.
struct Result {
  at::Tensor y, dx, dresidual, dweight, dbias, mean, variance;
};

Result pass(const Case& of, at::ScalarType type, bool fused) {
  at::Tensor x =
      (at::arange(3 * of.channels * 7 * 5, at::kDouble) * 0.7).sin().reshape({3, of.channels, 7, 5});
  x = x * at::linspace(0.5, 3, of.channels, at::kDouble).reshape({1, -1, 1, 1}) + 40.0;
  const at::Tensor shortcut = (x * 0.3).cos();
  const at::Tensor direction = (x * 1.7).sin();
  torch::nn::BatchNorm2d norm(of.channels);
  norm->to(type);
  {
    const torch::NoGradGuard no_grad;
    norm->weight.copy_(at::linspace(-1, 2, of.channels, at::kDouble));
    norm->bias.copy_(at::linspace(-0.5, 0.5, of.channels, at::kDouble));
    norm->running_mean.fill_(39.0);
    norm->running_var.fill_(2.0);
  }
  norm->train(of.training);
  const auto leaf = [&](const at::Tensor& value) {
    return value.to(type)
        .contiguous(fused ? channels_last : at::MemoryFormat::Contiguous)
        .requires_grad_(true);
  };
  const at::Tensor input = leaf(x), added = leaf(shortcut);
  const at::Tensor y =
      batch_norm(*norm, input, of.residual ? std::optional<at::Tensor>(added) : std::nullopt, of.relu);
  (y * direction.to(type)).sum().backward();
  return {y.detach(),          input.grad(),      of.residual ? added.grad() : at::zeros({1}),
          norm->weight.grad(), norm->bias.grad(), norm->running_mean,
          norm->running_var};
}

class BatchNormBesideTorch : public testing::TestWithParam<Case> {};

// The reference is torch's own in double precision: contiguous doubles do not take the fused way.
TEST_P(BatchNormBesideTorch, SameOutputGradientsAndStatistics) {
  const Result ours = pass(GetParam(), at::kFloat, true);
  const Result reference = pass(GetParam(), at::kDouble, false);
  EXPECT_LT(distance(ours.y, reference.y), 1e-5);
  EXPECT_LT(distance(ours.dx, reference.dx), 1e-4);
  EXPECT_LT(distance(ours.dresidual, reference.dresidual), 1e-5);
  EXPECT_LT(distance(ours.dweight, reference.dweight), 1e-5);
  EXPECT_LT(distance(ours.dbias, reference.dbias), 1e-5);
  EXPECT_LT(distance(ours.mean, reference.mean), 1e-6);
  EXPECT_LT(distance(ours.variance, reference.variance), 1e-5);
  EXPECT_TRUE(ours.y.is_contiguous(channels_last));
}

INSTANTIATE_TEST_SUITE_P(Cases, BatchNormBesideTorch,
                         testing::Values(Case{16, true, true, true}, Case{19, false, true, true},
                                         Case{32, true, false, true}, Case{5, false, false, true},
                                         Case{64, true, true, false}, Case{17, false, true, false}),
                         name_of);

TEST(Norm, GroupNormTakesResidualAndReluToo) {
  const Norm norm(NormKind::group, 16);
  const at::Tensor x = (at::arange(2 * 16 * 9, at::kFloat) * 0.3).sin().reshape({2, 16, 3, 3});
  const at::Tensor y = norm.add_then_relu(x, x.neg());
  const at::Tensor expected = (at::group_norm(x, 8) - x).relu();
  EXPECT_LT(distance(y, expected), 1e-6);
}

TEST(Dropout, DropsTheShareKeepsTheMeanAndIsAFunctionOfItsKey) {
  const at::Tensor ones = at::ones({200, 500});
  const RandomKey key{5, Purpose::dropout, 1, 2};
  Dropout first(key), again(key), other({5, Purpose::dropout, 1, 3});
  const at::Tensor mask = first(ones, 0.3);
  const double dropped = mask.eq(0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(dropped, 0.3, 4 * std::sqrt(0.21 / 1e5));
  EXPECT_NEAR(mask.max().item<double>(), 1 / 0.7, 1e-6);
  EXPECT_TRUE(mask.equal(again(ones, 0.3)));
  EXPECT_FALSE(mask.equal(other(ones, 0.3)));
  EXPECT_FALSE(mask.equal(again(ones, 0.3))) << "the second mask of a pass is another";
}

TEST(Dropout, DropsNothingWithoutAKeyOrAShare) {
  const at::Tensor x = at::arange(6, at::kFloat);
  Dropout evaluation, training({1, Purpose::dropout, 0, 0});
  EXPECT_TRUE(evaluation(x, 0.5).equal(x));
  EXPECT_TRUE(training(x, 0).equal(x));
}

}  // namespace
}  // namespace muster
