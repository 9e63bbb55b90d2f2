// Peers that are lost, and what ranks must have in common, where the parameters are tensors.
#include <gmock/gmock.h>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "tests/unit/libtorch/linear_loop.h"
#include "tests/unit/local_updates/on_ranks.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SyncSchedule> constant(int64_t period) {
  return std::make_unique<ConstantPeriod>(ConstantPeriodOptions{.base_period = period});
}

OuterOptimizerFactory nesterov() {
  return [](int64_t size, ElementType type) {
    return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
  };
}

TEST(TensorLoopGroups, ALostPeerChangesNothingAndTheOthersGoOn) {
  for (const bool plain : {true, false}) {
    auto survivors = ThreadGroup::make(2);
    std::vector<Vector> ends(2);
    on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
      const auto rank = static_cast<size_t>(group->rank());
      LinearLoop loop(*group, constant(5), {.total_steps = 20},
                      {.outer = plain ? OuterOptimizerFactory() : nesterov(), .measure_divergence = true});
      for (int step = 0; step < 9; ++step) loop.step();
      if (rank == 2) return group.reset();  // leaves one step before the second meeting
      // The tenth step by itself, to know what the failed meeting must leave.
      const State before = loop.state();
      EXPECT_THROW(loop.step(), LostPeer);
      const Vector left = loop.local->parameters().copy();
      EXPECT_FALSE(same_bits(left, before.tensors.at("local.parameters").values));
      EXPECT_EQ(loop.local->steps_done(), 10);
      EXPECT_TRUE(loop.local->in_round());
      EXPECT_THROW(loop.local->meet(), LostPeer);
      EXPECT_TRUE(same_bits(loop.local->parameters(), left));
      if (!plain) {
        for (const char* const kept : {"local.anchor", "local.outer.outer_momentum"})
          EXPECT_TRUE(same_bits(loop.state().tensors.at(kept).values, before.tensors.at(kept).values))
              << kept;
      }
      loop.local->use_group(*survivors[rank]);
      const auto report = loop.local->meet();
      ASSERT_TRUE(report.has_value());
      EXPECT_EQ(report->first_step, 5);
      EXPECT_EQ(report->steps, 5);
      EXPECT_GT(*report->divergence, 0);
      EXPECT_FALSE(loop.local->meet().has_value());
      loop.finish();
      ends[rank] = loop.local->parameters().copy();
    });
    EXPECT_TRUE(same_bits(ends[0], ends[1]));
  }
}

TEST(TensorLoopGroups, AverageGradientsCanBeTriedAgain) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor weight = at::ones({3}).requires_grad_(true);
    LocalUpdates local(std::vector{weight}, *group, EveryStep(), 10);
    weight.mutable_grad() = at::full({3}, 4.0F);
    if (group->rank() == 1) return group.reset();
    EXPECT_THROW(local.average_gradients(0.1), LostPeer);
    EXPECT_TRUE(at::equal(weight.grad(), at::full({3}, 4.0F)));
    Solo alone;
    local.use_group(alone);
    EXPECT_TRUE(local.average_gradients(0.1));
    EXPECT_TRUE(at::equal(weight.grad(), at::full({3}, 4.0F)));
    EXPECT_TRUE(local.step(0.1).has_value());
  });
}

/// What rank 1 of two brings that rank 0 does not, and the words of the error on both.
struct Difference {
  std::function<void(Communicator&)> make;
  std::string says;
};

TEST(TensorLoopGroups, RanksThatDifferAreAnErrorOnEach) {
  const auto with = [](std::vector<int64_t> shape, int64_t steps, bool loss, at::ScalarType type) {
    return [=](Communicator& group) {
      const at::Tensor weight = at::ones(shape, type).requires_grad_(true);
      LocalUpdates local(std::vector{weight}, group, ConstantPeriod({}), steps, {.measure_loss = loss});
    };
  };
  const auto usual = with({2, 3}, 10, false, at::kFloat);
  const Difference differences[] = {
      {with({3, 2}, 10, false, at::kFloat), "fingerprint"},
      {with({2, 4}, 10, false, at::kFloat), "number of elements is 8 on rank 1, and 6 on rank 0"},
      {with({2, 3}, 11, false, at::kFloat), "total_steps is 11 on rank 1, and 10 on rank 0"},
      {with({2, 3}, 10, true, at::kFloat), "measured loss"},
      {with({2, 3}, 10, false, at::kDouble), "element type"},
  };
  for (const Difference& difference : differences)
    on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
      EXPECT_THAT(message_of<Error>([&] { (group->rank() == 1 ? difference.make : usual)(*group); }),
                  HasSubstr(difference.says));
    });
}

TEST(TensorLoopGroups, AverageTakesAnyFloatTensors) {
  on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
    const auto rank = static_cast<double>(group->rank());
    const at::Tensor weight = at::ones({3}).requires_grad_(true);
    LocalUpdates local(std::vector{weight}, *group, ConstantPeriod({}), 10);
    const at::Tensor mean = at::full({2, 2}, rank, at::kFloat),
                     variance = at::full({2}, 3 * rank, at::kDouble),
                     counter = at::full({}, group->rank(), at::kLong),
                     columns = at::arange(6, at::kFloat).view({2, 3}).t().mul(rank);
    local.average(std::vector{mean, variance, counter, columns});
    EXPECT_TRUE(at::equal(mean, at::ones({2, 2})));
    EXPECT_TRUE(at::equal(variance, at::full({2}, 3.0, at::kDouble)));
    EXPECT_EQ(counter.item<int64_t>(), group->rank());
    EXPECT_TRUE(at::equal(columns, at::arange(6, at::kFloat).view({2, 3}).t()));
    if (group->rank() == 2) return group.reset();
    EXPECT_THROW(local.average(std::vector{mean}), LostPeer);
    EXPECT_TRUE(at::equal(mean, at::ones({2, 2})));
  });
}

}  // namespace
}  // namespace muster
