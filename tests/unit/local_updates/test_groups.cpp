// Peers that are lost, and what ranks must have in common.
#include <gmock/gmock.h>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "tests/unit/local_updates/linear_loop.h"
#include "tests/unit/local_updates/on_ranks.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SyncSchedule> constant(int64_t period) {
  return std::make_unique<ConstantPeriod>(ConstantPeriodOptions{.base_period = period});
}

OuterOptimizerFactory nesterov() {
  return [](int64_t size, at::ScalarType type) {
    return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
  };
}

TEST(LocalUpdatesGroups, ALostPeerChangesNothingAndTheOthersGoOn) {
  for (const bool plain : {true, false}) {
    auto survivors = ThreadGroup::make(2);
    std::vector<at::Tensor> ends(2);
    on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
      const auto rank = static_cast<size_t>(group->rank());
      LinearLoop loop(*group, constant(5), {.total_steps = 20},
                      {.outer = plain ? OuterOptimizerFactory() : nesterov(), .measure_divergence = true});
      for (int step = 0; step < 9; ++step) loop.step();
      if (rank == 2) return group.reset();  // leaves one step before the second meeting
      // The tenth step by itself, to know what the failed meeting must leave.
      const State before = loop.state();
      EXPECT_THROW(loop.step(), LostPeer);
      const at::Tensor left = loop.local->parameters().clone();
      EXPECT_FALSE(at::equal(left, before.tensors.at("local.parameters")));
      EXPECT_EQ(loop.local->steps_done(), 10);
      EXPECT_TRUE(loop.local->in_round());
      EXPECT_THROW(loop.local->meet(), LostPeer);
      EXPECT_TRUE(at::equal(loop.local->parameters(), left));
      if (!plain) {
        EXPECT_TRUE(at::equal(loop.state().tensors.at("local.anchor"), before.tensors.at("local.anchor")));
        EXPECT_TRUE(at::equal(loop.state().tensors.at("local.outer.outer_momentum"),
                              before.tensors.at("local.outer.outer_momentum")));
      }
      loop.local->use_group(*survivors[rank]);
      const auto report = loop.local->meet();
      ASSERT_TRUE(report.has_value());
      EXPECT_EQ(report->first_step, 5);
      EXPECT_EQ(report->steps, 5);
      EXPECT_GT(*report->divergence, 0);
      EXPECT_FALSE(loop.local->meet().has_value());
      loop.finish();
      ends[rank] = loop.local->parameters().clone();
    });
    EXPECT_TRUE(at::equal(ends[0], ends[1]));
  }
}

TEST(LocalUpdatesGroups, TheRoundGoesOnUntilAMeetingSucceeds) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    LinearLoop loop(*group, constant(4), {.total_steps = 12});
    for (int step = 0; step < 3; ++step) loop.step();
    if (group->rank() == 1) return group.reset();
    EXPECT_THROW(loop.step(), LostPeer);
    EXPECT_THROW(loop.step(), LostPeer);
    Solo alone;
    loop.local->use_group(alone);
    const auto report = loop.step();
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->steps, 6);
    EXPECT_EQ(loop.finish().size(), 2U);  // steps 6 to 9, 10 and 11
  });
}

TEST(LocalUpdatesGroups, AverageGradientsCanBeTriedAgain) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor weight = at::ones({3}).requires_grad_(true);
    LocalUpdates local({weight}, *group, EveryStep(), 10);
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

TEST(LocalUpdatesGroups, AMissedDeadlineIsALostPeer) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor weight = at::full({3}, static_cast<float>(group->rank())).requires_grad_(true);
    LocalUpdates local({weight}, *group, ConstantPeriod({.base_period = 1}), 10,
                       {.deadline = std::chrono::milliseconds(200)});
    if (group->rank() == 1) return std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_THROW(local.step(0.1), LostPeer);
  });
}

/// What rank 1 of two brings that rank 0 does not, and the words of the error on both.
struct Difference {
  std::function<void(Communicator&)> make;
  std::string says;
};

TEST(LocalUpdatesGroups, RanksThatDifferAreAnErrorOnEach) {
  const auto with = [](std::vector<int64_t> shape, int64_t steps, bool loss, at::ScalarType type) {
    return [=](Communicator& group) {
      const at::Tensor weight = at::ones(shape, type).requires_grad_(true);
      LocalUpdates local({weight}, group, ConstantPeriod({}), steps, {.measure_loss = loss});
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

TEST(LocalUpdatesGroups, ANewGroupMustStandAtTheSameStep) {
  auto other = ThreadGroup::make(2);
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Solo alone;
    LinearLoop loop(alone, constant(3), {.total_steps = 12});
    for (int step = 0; step < 3 + group->rank(); ++step) loop.step();
    EXPECT_THAT(message_of<Error>([&] { loop.local->use_group(*other[static_cast<size_t>(group->rank())]); }),
                HasSubstr("steps done is 4 on rank 1, and 3 on rank 0"));
    loop.finish();  // in the group it had
  });
}

TEST(LocalUpdatesGroups, ALossThatIsNoNumberIsAnErrorOnEveryRank) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const at::Tensor weight = at::full({3}, static_cast<float>(group->rank())).requires_grad_(true);
    LocalUpdates local({weight}, *group, ConstantPeriod({.base_period = 1}), 10, {.measure_loss = true});
    weight.detach().fill_(7.0F + static_cast<float>(group->rank()));
    EXPECT_THAT(message_of<NonFiniteError>([&] { local.step(0.1, group->rank() == 1 ? NAN : 1.0); }),
                HasSubstr("steps 0 to 0"));
    EXPECT_EQ(weight[0].item<float>(), 7.0F + static_cast<float>(group->rank()));
  });
}

TEST(LocalUpdatesGroups, AverageTakesAnyFloatTensors) {
  on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
    const auto rank = static_cast<double>(group->rank());
    const at::Tensor weight = at::ones({3}).requires_grad_(true);
    LocalUpdates local({weight}, *group, ConstantPeriod({}), 10);
    const at::Tensor mean = at::full({2, 2}, rank, at::kFloat),
                     variance = at::full({2}, 3 * rank, at::kDouble),
                     counter = at::full({}, group->rank(), at::kLong),
                     columns = at::arange(6, at::kFloat).view({2, 3}).t().mul(rank);
    local.average({mean, variance, counter, columns});
    EXPECT_TRUE(at::equal(mean, at::ones({2, 2})));
    EXPECT_TRUE(at::equal(variance, at::full({2}, 3.0, at::kDouble)));
    EXPECT_EQ(counter.item<int64_t>(), group->rank());
    EXPECT_TRUE(at::equal(columns, at::arange(6, at::kFloat).view({2, 3}).t()));
    if (group->rank() == 2) return group.reset();
    EXPECT_THROW(local.average({mean}), LostPeer);
    EXPECT_TRUE(at::equal(mean, at::ones({2, 2})));
  });
}

TEST(LocalUpdatesGroups, ListensOnlyWhereTheRuleDoes) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    for (const bool adaptive : {false, true}) {
      const at::Tensor weight = at::zeros({4}).requires_grad_(true);
      auto rule = adaptive ? std::unique_ptr<SyncSchedule>(
                                 std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{.base_period = 1}))
                           : constant(1);
      LocalUpdates local({weight}, *group, std::move(rule), 10);
      weight.detach().fill_(group->rank() == 0 ? 1.0 : 3.0);
      const auto report = local.step(0.1);
      ASSERT_TRUE(report.has_value());
      EXPECT_TRUE(at::equal(weight.detach(), at::full({4}, 2.0F)));
      EXPECT_FALSE(report->loss.has_value());
      EXPECT_EQ(report->bytes_per_worker, 16);
      EXPECT_EQ(report->divergence, adaptive ? std::optional(4.0) : std::nullopt);
    }
  });
}

}  // namespace
}  // namespace muster
