// Peers that are lost, and what ranks must have in common.
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "tests/unit/local_updates/on_ranks.h"
#include "tests/unit/local_updates/segment_loop.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

using Floats = std::vector<float>;

std::unique_ptr<SyncSchedule> constant(int64_t period) {
  return std::make_unique<ConstantPeriod>(ConstantPeriodOptions{.base_period = period});
}

OuterOptimizerFactory nesterov() {
  return [](int64_t size, ElementType type) {
    return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
  };
}

/// All elements as one segment; they must stay where they are.
Segments all_of(Floats& values, Floats* gradient = nullptr) {
  return {{.values = values.data(),
           .shape = {static_cast<int64_t>(values.size())},
           .gradient = gradient ? gradient->data() : nullptr}};
}

/// A loop of three ranks, of which the last leaves one step before the second meeting.
void lose_a_peer(std::unique_ptr<Communicator>& group, Communicator* survivors, bool plain, Floats& end) {
  SegmentLoop<float> loop(
      *group, constant(5), {.total_steps = 20},
      {.outer = plain ? OuterOptimizerFactory() : nesterov(), .measure_divergence = true});
  for (int step = 0; step < 9; ++step) loop.step();
  if (!survivors) return group.reset();
  // The tenth step by itself, to know what the failed meeting must leave.
  const State before = loop.state();
  EXPECT_THROW(loop.step(), LostPeer);
  const Floats left = loop.model.flat();
  EXPECT_NE(left, test::to_std<float>(before.tensors.at("local.parameters").values));
  EXPECT_EQ(loop.local.steps_done(), 10);
  EXPECT_TRUE(loop.local.in_round());
  EXPECT_THROW(loop.local.meet(), LostPeer);
  EXPECT_EQ(loop.model.flat(), left);
  EXPECT_EQ(test::to_std<float>(loop.local.parameters()), left);
  for (const char* const kept : {"local.anchor", "local.outer.outer_momentum"}) {
    if (plain) continue;
    EXPECT_TRUE(same_bits(loop.state().tensors.at(kept).values, before.tensors.at(kept).values)) << kept;
  }
  loop.local.use_group(*survivors);
  const auto report = loop.local.meet();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->first_step, 5);
  EXPECT_EQ(report->steps, 5);
  EXPECT_GT(*report->divergence, 0);
  EXPECT_FALSE(loop.local.meet().has_value());
  loop.finish();
  end = loop.model.flat();
}

TEST(LocalUpdatesGroups, ALostPeerChangesNothingAndTheOthersGoOn) {
  for (const bool plain : {true, false}) {
    auto survivors = ThreadGroup::make(2);
    std::vector<Floats> ends(3);
    on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
      const auto rank = static_cast<size_t>(group->rank());
      lose_a_peer(group, rank < 2 ? survivors[rank].get() : nullptr, plain, ends[rank]);
    });
    EXPECT_FALSE(ends[0].empty());
    EXPECT_EQ(ends[0], ends[1]);
  }
}

TEST(LocalUpdatesGroups, TheRoundGoesOnUntilAMeetingSucceeds) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    SegmentLoop<float> loop(*group, constant(4), {.total_steps = 12});
    for (int step = 0; step < 3; ++step) loop.step();
    if (group->rank() == 1) return group.reset();
    EXPECT_THROW(loop.step(), LostPeer);
    EXPECT_THROW(loop.step(), LostPeer);
    Solo alone;
    loop.local.use_group(alone);
    const auto report = loop.step();
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->steps, 6);
    EXPECT_EQ(loop.finish().size(), 2U);  // steps 6 to 9, 10 and 11
  });
}

TEST(LocalUpdatesGroups, AverageGradientsCanBeTriedAgain) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Floats weight(3, 1), gradient(3, 4);
    LocalUpdates local(all_of(weight, &gradient), *group, EveryStep(), 10);
    if (group->rank() == 1) return group.reset();
    EXPECT_THROW(local.average_gradients(0.1), LostPeer);
    EXPECT_EQ(gradient, Floats(3, 4));
    Solo alone;
    local.use_group(alone);
    EXPECT_TRUE(local.average_gradients(0.1));
    EXPECT_EQ(gradient, Floats(3, 4));
    EXPECT_TRUE(local.step(0.1).has_value());
  });
}

TEST(LocalUpdatesGroups, AMissedDeadlineIsALostPeer) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Floats weight(3, static_cast<float>(group->rank()));
    LocalUpdates local(all_of(weight), *group, ConstantPeriod({.base_period = 1}), 10,
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
  const auto with = [](Segment form, int64_t steps, bool loss) {
    return [=](Communicator& group) {
      std::vector<double> memory(100);
      Segment segment = form;
      segment.values = memory.data();
      LocalUpdates local(Segments{segment}, group, ConstantPeriod({}), steps, {.measure_loss = loss});
    };
  };
  const auto usual = with({.shape = {2, 3}}, 10, false);
  const Difference differences[] = {
      {with({.shape = {3, 2}}, 10, false), "fingerprint"},
      {with({.shape = {2, 3}, .strides = {1, 2}}, 10, false), "fingerprint"},
      {with({.shape = {2, 4}}, 10, false), "number of elements is 8 on rank 1, and 6 on rank 0"},
      {with({.shape = {2, 3}}, 11, false), "total_steps is 11 on rank 1, and 10 on rank 0"},
      {with({.shape = {2, 3}}, 10, true), "measured loss"},
      {with({.shape = {2, 3}, .type = ElementType::float64}, 10, false), "element type"},
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
    SegmentLoop<float> loop(alone, constant(3), {.total_steps = 12});
    for (int step = 0; step < 3 + group->rank(); ++step) loop.step();
    EXPECT_THAT(message_of<Error>([&] { loop.local.use_group(*other[static_cast<size_t>(group->rank())]); }),
                HasSubstr("steps done is 4 on rank 1, and 3 on rank 0"));
    loop.finish();  // in the group it had
  });
}

TEST(LocalUpdatesGroups, ALossThatIsNoNumberIsAnErrorOnEveryRank) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Floats weight(3, static_cast<float>(group->rank()));
    LocalUpdates local(all_of(weight), *group, ConstantPeriod({.base_period = 1}), 10,
                       {.measure_loss = true});
    weight.assign(3, 7.0F + static_cast<float>(group->rank()));
    EXPECT_THAT(message_of<NonFiniteError>([&] { local.step(0.1, group->rank() == 1 ? NAN : 1.0); }),
                HasSubstr("steps 0 to 0"));
    EXPECT_EQ(weight, Floats(3, 7.0F + static_cast<float>(group->rank())));
  });
}

TEST(LocalUpdatesGroups, AverageTakesAnyRealValues) {
  on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
    const auto rank = static_cast<float>(group->rank());
    Floats weight(3, 1), mean(4, rank), columns(6);
    for (size_t i = 0; i < 6; ++i) columns[i] = static_cast<float>(i) * rank;
    std::vector<double> variance(2, 3.0 * group->rank());
    std::vector<int64_t> counter = {group->rank()};
    LocalUpdates local(all_of(weight), *group, ConstantPeriod({}), 10);
    local.average(Segments{{mean.data(), {2, 2}},
                           {variance.data(), {2}, ElementType::float64},
                           {counter.data(), {}, ElementType::int64},
                           {.values = columns.data(), .shape = {3, 2}, .strides = {1, 3}}});
    EXPECT_EQ(mean, Floats(4, 1));
    EXPECT_EQ(variance, (std::vector<double>{3, 3}));
    EXPECT_EQ(counter[0], group->rank());
    EXPECT_EQ(columns, (Floats{0, 1, 2, 3, 4, 5}));
    if (group->rank() == 2) return group.reset();
    EXPECT_THROW(local.average(all_of(mean)), LostPeer);
    EXPECT_EQ(mean, Floats(4, 1));
  });
}

TEST(LocalUpdatesGroups, ListensOnlyWhereTheRuleDoes) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    for (const bool adaptive : {false, true}) {
      Floats weight(4);
      auto rule = adaptive ? std::unique_ptr<SyncSchedule>(
                                 std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{.base_period = 1}))
                           : constant(1);
      LocalUpdates local(all_of(weight), *group, std::move(rule), 10);
      weight.assign(4, group->rank() == 0 ? 1.0F : 3.0F);
      const auto report = local.step(0.1);
      ASSERT_TRUE(report.has_value());
      EXPECT_EQ(weight, Floats(4, 2));
      EXPECT_FALSE(report->loss.has_value());
      EXPECT_EQ(report->bytes_per_worker, 16);
      EXPECT_EQ(report->divergence, adaptive ? std::optional(4.0) : std::nullopt);
    }
  });
}

}  // namespace
}  // namespace muster
