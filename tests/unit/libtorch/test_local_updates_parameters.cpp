// What becomes of a user's tensors, and of torch's own optimizers.
#include <gmock/gmock.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <functional>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/flat/arithmetic.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/post_local.h"
#include "tests/unit/libtorch/linear_loop.h"
#include "tests/unit/local_updates/on_ranks.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

torch::nn::Sequential small_network() {
  torch::nn::Sequential network(torch::nn::Linear(5, 8), torch::nn::BatchNorm1d(8), torch::nn::Linear(8, 2));
  const at::NoGradGuard no_grad;
  uint64_t which = 10;
  for (at::Tensor& parameter : network->parameters())
    parameter.copy_(drawn(parameter.sizes().vec(), which++, at::kFloat));
  return network;
}

using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<at::Tensor>)>;

void torch_step(torch::nn::Sequential& network, torch::optim::Optimizer& optimizer, uint64_t step) {
  optimizer.zero_grad();
  const at::Tensor loss =
      (network->forward(drawn({6, 5}, 100 + step, at::kFloat)) - drawn({6, 2}, 200 + step, at::kFloat))
          .square()
          .mean();
  loss.backward();
  optimizer.step();
}

TEST(LocalUpdatesParameters, TorchOptimizersMadeBeforeOrAfterTrainAsEver) {
  const MakeOptimizer makers[] = {[](std::vector<at::Tensor> parameters) {
                                    return std::make_unique<torch::optim::AdamW>(
                                        std::move(parameters), torch::optim::AdamWOptions(0.01));
                                  },
                                  [](std::vector<at::Tensor> parameters) {
                                    return std::make_unique<torch::optim::SGD>(
                                        std::move(parameters), torch::optim::SGDOptions(0.01).momentum(0.9));
                                  }};
  for (const MakeOptimizer& make : makers) {
    auto plain = small_network();
    auto plain_optimizer = make(plain->parameters());
    for (uint64_t step = 0; step < 12; ++step) torch_step(plain, *plain_optimizer, step);
    for (const uint64_t begin : {0U, 3U}) {  // LocalUpdates comes before step 0, or in the middle
      auto network = small_network();
      auto optimizer = make(network->parameters());
      for (uint64_t step = 0; step < begin; ++step) torch_step(network, *optimizer, step);
      Solo alone;
      LocalUpdates local(network->parameters(), alone, ConstantPeriod({.base_period = 4}), 12);
      if (begin == 0) optimizer = make(network->parameters());
      for (uint64_t step = begin; step < 12; ++step) {
        torch_step(network, *optimizer, step);
        local.step(0.01);
      }
      for (size_t i = 0; i < network->parameters().size(); ++i)
        EXPECT_TRUE(at::equal(network->parameters()[i], plain->parameters()[i]));
    }
  }
}

TEST(LocalUpdatesParameters, AreViewsThatKeepWhatTheyWere) {
  const at::Tensor channels_last =
      drawn({4, 3, 2, 2}, 1, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
  const at::Tensor scalar = at::full({}, 5.0F).requires_grad_(true);
  const at::Tensor empty = at::empty({0, 3}).requires_grad_(true);
  const at::Tensor values = channels_last.detach().clone(), gradient = at::ones_like(values);
  channels_last.mutable_grad() = gradient;
  Solo alone;
  LocalUpdates local(std::vector{channels_last, scalar, empty, channels_last}, alone, EveryStep(), 10);
  EXPECT_EQ(local.parameters().size(), 49);
  EXPECT_TRUE(at::equal(channels_last, values));
  EXPECT_TRUE(channels_last.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(channels_last.grad().is_same(gradient));
  EXPECT_TRUE(channels_last.requires_grad() && channels_last.is_leaf());
  EXPECT_EQ(scalar.dim(), 0);
  fill(local.parameters(), 2);
  EXPECT_TRUE(at::equal(channels_last.detach(), at::full_like(values, 2.0)));
  EXPECT_EQ(scalar.item<float>(), 2);
}

TEST(LocalUpdatesParameters, EveryRankStartsAsRankZeroAndFrozenOnesStay) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const float mine = 1.0F + static_cast<float>(group->rank());
    const at::Tensor trained = at::full({3}, mine).requires_grad_(true), frozen = at::full({2, 2}, mine),
                     counts = at::full({2}, group->rank(), at::kLong);
    LocalUpdates local(std::vector{frozen, trained, counts}, *group, ConstantPeriod({.base_period = 1}), 10);
    EXPECT_TRUE(at::equal(trained.detach(), at::ones({3})));
    EXPECT_TRUE(at::equal(frozen, at::ones({2, 2})));
    EXPECT_TRUE(at::equal(counts, at::zeros({2}, at::kLong)));
    trained.detach().fill_(mine);
    frozen.fill_(mine);
    EXPECT_EQ(local.step(0.1)->bytes_per_worker, 12);
    EXPECT_TRUE(at::equal(trained.detach(), at::full({3}, 1.5F)));
    EXPECT_TRUE(at::equal(frozen, at::full({2, 2}, mine)));
  });
}

TEST(LocalUpdatesParameters, TakesBackWhatWasGivenOtherMemory) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor weight = at::zeros({3}).requires_grad_(true);
    LocalUpdates local(std::vector{weight}, *group, ConstantPeriod({.base_period = 1}), 10);
    weight.set_data(at::full({3}, 2.0F * static_cast<float>(group->rank())));  // as torch::load does
    local.step(0.1);
    EXPECT_TRUE(at::equal(weight.detach(), at::ones({3})));
    EXPECT_TRUE(at::equal(tensor_of(local.parameters()), at::ones({3})));
    weight.set_data(at::zeros({3}, at::kDouble));
    EXPECT_THAT(message_of<Error>([&] { local.step(0.1); }), HasSubstr("parameter 0 (Double of shape [3])"));
  });
}

TEST(LocalUpdatesParameters, GradientsThatOnlySomeRanksHave) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor both = at::zeros({2}).requires_grad_(true), one = at::zeros({3}).requires_grad_(true),
                     none = at::zeros({4}).requires_grad_(true);
    LocalUpdates local(std::vector{both, one, none}, *group, PostLocal({.base_period = 2, .switch_step = 1}),
                       3);
    both.mutable_grad() = at::full({2}, static_cast<float>(group->rank()));
    if (group->rank() == 1) one.mutable_grad() = at::full({3}, 4.0F);
    EXPECT_TRUE(local.average_gradients(0.1));
    EXPECT_TRUE(at::equal(both.grad(), at::full({2}, 0.5F)));
    EXPECT_TRUE(at::equal(one.grad(), at::full({3}, 2.0F)));
    EXPECT_FALSE(none.grad().defined());
    EXPECT_EQ(local.step(0.1)->what, Average::gradients);
    both.mutable_grad() = at::full({2}, static_cast<float>(group->rank()));
    EXPECT_FALSE(local.average_gradients(0.1));
    EXPECT_TRUE(at::equal(both.grad(), at::full({2}, static_cast<float>(group->rank()))));
    EXPECT_FALSE(local.step(0.1).has_value());
    EXPECT_EQ(local.step(0.1)->what, Average::parameters);
  });
}

at::Tensor leaf(std::vector<int64_t> shape, at::ScalarType type = at::kFloat) {
  return at::zeros(shape, type).requires_grad_(true);
}

TEST(LocalUpdatesParameters, ThoseThatCannotBeTakenAreNamed) {
  Solo alone;
  const auto refusal = [&](const std::vector<at::Tensor>& parameters) {
    return message_of<Error>([&] { LocalUpdates(parameters, alone, ConstantPeriod({}), 10); });
  };
  EXPECT_THAT(refusal({}), HasSubstr("nothing to train"));
  EXPECT_THAT(refusal({at::zeros({3})}), HasSubstr("nothing to train"));
  EXPECT_THAT(refusal({leaf({1}), at::Tensor()}), HasSubstr("parameter 1 is an undefined tensor"));
  EXPECT_THAT(refusal({leaf({2, 3}), leaf({4}, at::kDouble)}),
              AllOf(HasSubstr("parameter 1 (Double of shape [4])"), HasSubstr("Float")));
  EXPECT_THAT(refusal({leaf({2}, at::kHalf)}), HasSubstr("parameter 0 (Half of shape [2])"));
  EXPECT_THAT(refusal({leaf({2}) * 2}), HasSubstr("result of an operation"));
  const at::Tensor whole = at::zeros({4, 2});
  EXPECT_THAT(refusal({leaf({1}), whole.narrow(0, 0, 2).detach().requires_grad_(true),
                       whole.narrow(0, 1, 2).detach().requires_grad_(true)}),
              HasSubstr("parameters 1 and 2 share memory"));
  const at::Tensor kept = leaf({3});
  const void* const memory = kept.data_ptr();
  refusal({kept, leaf({3}, at::kDouble)});
  EXPECT_EQ(kept.data_ptr(), memory) << "a refusal changes nothing";
}

TEST(LocalUpdatesParameters, CanBeTakenAgainByASecondRun) {
  const at::Tensor a = leaf({3}), b = leaf({2});
  Solo alone;
  { const LocalUpdates first(std::vector{a, b}, alone, ConstantPeriod({}), 10); }
  a.detach().fill_(3);
  LocalUpdates second(std::vector{b, a}, alone, ConstantPeriod({}), 10);
  EXPECT_TRUE(at::equal(tensor_of(second.parameters()), at::tensor({0.0F, 0.0F, 3.0F, 3.0F, 3.0F})));
}

}  // namespace
}  // namespace muster
