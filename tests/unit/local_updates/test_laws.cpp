// What LocalUpdates must give, to the bit, beside the same method written out and beside no method at all.
#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/checkpoint/checkpoint.h"
#include "muster/comm/solo.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/slowmo.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/swap.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/local_updates/method_by_hand.h"
#include "tests/unit/local_updates/on_ranks.h"
#include "tests/unit/local_updates/segment_loop.h"

namespace muster {
namespace {

using test::vector_from;

template <class Schedule, class Options>
Rule rule(const char* name, Options options) {
  return {name, [options] { return std::make_unique<Schedule>(options); }};
}

std::vector<Rule> rules() {
  return {
      rule<EveryStep>("every_step", EveryStepOptions{}),
      rule<ConstantPeriod>("constant 1", ConstantPeriodOptions{.base_period = 1}),
      rule<ConstantPeriod>("constant 7", ConstantPeriodOptions{.base_period = 7}),
      rule<QuadraticRule>("qsr", QuadraticRuleOptions{.base_period = 2, .growth = 0.04, .warmup_steps = 5}),
      rule<PostLocal>("post_local", PostLocalOptions{.base_period = 4, .switch_step = 17}),
      rule<AdaptivePeriod>("adaptive", AdaptivePeriodOptions{.base_period = 2, .warmup_steps = 5}),
      rule<LossDriven>("loss", LossDrivenOptions{.base_period = 5, .warmup_steps = 5}),
      rule<Swap>("swap", SwapOptions{.base_period = 3, .switch_step = 40}),
  };
}

std::vector<Outer> outers() {
  return {{"average", {}},
          {"nesterov",
           [](int64_t size, ElementType type) {
             return std::make_unique<Nesterov>(NesterovOptions{.learning_rate = 0.6, .momentum = 0.5}, size,
                                               type);
           }},
          {"slowmo", [](int64_t size, ElementType type) {
             return std::make_unique<SlowMo>(SlowMoOptions{.momentum = 0.3}, size, type);
           }}};
}

void expect_same_rounds(const std::vector<MeetingReport>& loop, const std::vector<MeetingReport>& hand) {
  ASSERT_EQ(loop.size(), hand.size());
  for (size_t i = 0; i < loop.size(); ++i) {
    EXPECT_EQ(loop[i].index, hand[i].index);
    EXPECT_EQ(loop[i].first_step, hand[i].first_step);
    EXPECT_EQ(loop[i].steps, hand[i].steps);
    EXPECT_EQ(loop[i].what, hand[i].what);
    EXPECT_EQ(loop[i].learning_rate, hand[i].learning_rate);
    ASSERT_EQ(loop[i].divergence.has_value(), hand[i].divergence.has_value());
    // Sums are taken in another order.
    if (loop[i].divergence) {
      EXPECT_NEAR(*loop[i].divergence, *hand[i].divergence, 1e-12 * *hand[i].divergence);
    }
    EXPECT_NEAR(loop[i].loss.value_or(-1), *hand[i].loss, 1e-12);
  }
}

template <class T>
void expect_bits_by_hand(int ranks, const Rule& rule, const Outer& outer) {
  SCOPED_TRACE(std::string(rule.name) + ", " + outer.name + ", " + std::to_string(ranks) + " ranks");
  const LinearSetting setting;
  const Outcome<T> expected = by_hand<T>(setting, ranks, rule, outer);
  on_ranks(ranks, [&](std::unique_ptr<Communicator>& group) {
    SegmentLoop<T> loop(*group, rule.make(), setting,
                        {.outer = outer.make, .measure_divergence = true, .measure_loss = true});
    const auto reports = loop.finish();
    EXPECT_EQ(loop.model.flat(), expected.parameters);
    EXPECT_EQ(test::to_std<T>(loop.local.parameters()), expected.parameters);
    if (group->rank() == 0) expect_same_rounds(reports, expected.rounds);
  });
}

TEST(LocalUpdatesLaws, HasTheBitsOfTheMethodByHand) {
  for (const int ranks : {1, 2, 3})
    for (const Rule& rule : rules())
      for (const Outer& outer : outers()) {
        expect_bits_by_hand<float>(ranks, rule, outer);
        expect_bits_by_hand<double>(ranks, rule, outer);
      }
}

/// The same loop without LocalUpdates.
template <class T>
std::vector<T> plain_loop(const LinearSetting& setting) {
  LinearModel<T> model(1);
  const LearningRate rate(setting.rate, setting.total_steps);
  for (int64_t step = 0; step < setting.total_steps; ++step) {
    model.loss_and_gradient(first_sample(step, 0, 1, setting.batch), setting.batch);
    model.descend(setting.momentum, rate.at(step));
  }
  return model.flat();
}

TEST(LocalUpdatesLaws, OneRankIsThePlainLoopForAnyRule) {
  const LinearSetting setting;
  Solo alone;
  for (const Rule& rule : rules()) {
    SCOPED_TRACE(rule.name);
    SegmentLoop<float> loop(alone, rule.make(), setting);
    const auto reports = loop.finish();
    EXPECT_EQ(loop.model.flat(), plain_loop<float>(setting));
    EXPECT_EQ(reports.back().first_step + reports.back().steps, setting.total_steps);
    SegmentLoop<double> wide(alone, rule.make(), setting);
    wide.finish();
    EXPECT_EQ(wide.model.flat(), plain_loop<double>(setting));
  }
}

TEST(LocalUpdatesLaws, PeriodOneIsTheLargeBatch) {
  const LinearSetting small{.batch = 4}, large{.batch = 12};
  const Vector expected = vector_from(plain_loop<double>(large));
  for (const bool gradients : {false, true})
    on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
      SegmentLoop<double> loop(*group, (gradients ? rules()[0] : rules()[1]).make(), small);
      const auto reports = loop.finish();
      EXPECT_LE(test::largest_difference(loop.local.parameters(), expected), 1e-13);
      EXPECT_EQ(reports.size(), 60U);
      const int64_t flags = gradients ? 2 : 0;  // which of the two parameters has a gradient
      EXPECT_EQ(reports[0].bytes_per_worker, (expected.size() + flags) * 8);
    });
}

TEST(LocalUpdatesLaws, ADifferentPeriodTrainsDifferently) {
  std::vector<Vector> ends;
  for (const size_t which : {1U, 2U})
    on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
      SegmentLoop<double> loop(*group, rules()[which].make(), {});
      loop.finish();
      if (group->rank() == 0) ends.push_back(loop.local.parameters().copy());
    });
  EXPECT_GT(test::largest_difference(ends[0], ends[1]), 1e-6);
}

TEST(LocalUpdatesLaws, RanksAreApartInARoundAndAlikeAfterIt) {
  std::vector<std::vector<Vector>> seen(2, std::vector<Vector>(60));
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    SegmentLoop<float> loop(*group, rules()[2].make(), {});
    for (Vector& after : seen[static_cast<size_t>(group->rank())]) {
      const auto report = loop.step();
      after = loop.local.parameters().copy();
      EXPECT_EQ(report.has_value(), !loop.local.in_round());
    }
  });
  for (size_t step = 0; step < 60; ++step)
    EXPECT_EQ(same_bits(seen[0][step], seen[1][step]), (step + 1) % 7 == 0 || step == 59) << step;
}

TEST(LocalUpdatesLaws, MemoryThatMovesChangesNothing) {
  for (const size_t which : {0U, 2U, 4U})
    on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
      SegmentLoop<float> stays(*group, rules()[which].make(), {}), moves(*group, rules()[which].make(), {});
      for (int step = 0; step < 60; ++step) {
        stays.step();
        moves.step();
        if (step % 3 != 0) moves.model.move();
      }
      EXPECT_EQ(moves.model.flat(), stays.model.flat());
    });
}

TEST(LocalUpdatesLaws, GapsBetweenElementsStayAsTheyWere) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    SegmentLoop<float> loop(*group, rules()[4].make(), {});
    loop.finish();
    for (size_t i = outputs; i < loop.model.weight.size(); i += column) {
      EXPECT_EQ(loop.model.weight[i], -7);
      EXPECT_EQ(loop.model.weight_gradient[i], -7);
    }
  });
}

TEST(LocalUpdatesLaws, RestoredIsUninterruptedAtAnyStep) {
  const LinearSetting setting{.total_steps = 30};
  for (const Rule& rule : rules())
    for (const Outer& outer : {outers()[0], outers()[1]}) {
      SCOPED_TRACE(std::string(rule.name) + ", " + outer.name);
      const LocalUpdatesOptions options{.outer = outer.make};
      on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
        SegmentLoop<float> whole(*group, rule.make(), setting, options);
        std::vector<State> states = {whole.state()};
        for (int step = 0; step < 30; ++step) {
          whole.step();
          states.push_back(whole.state());
        }
        for (const size_t cut : {0U, 1U, 6U, 16U, 17U, 23U, 29U, 30U}) {
          SegmentLoop<float> resumed(*group, rule.make(), setting, options);
          resumed.restore(states[cut]);
          EXPECT_EQ(resumed.local.steps_done(), static_cast<int64_t>(cut));
          resumed.finish();
          EXPECT_EQ(resumed.model.flat(), whole.model.flat()) << cut;
          EXPECT_EQ(resumed.state().numbers, states[30].numbers) << cut;
        }
      });
    }
}

TEST(LocalUpdatesLaws, GoesOnFromACheckpointOnTheDisk) {
  const Rule adaptive = rules()[5];
  const LocalUpdatesOptions options{.outer = outers()[1].make};
  const test::TemporaryFolder folder;
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    CheckpointStore store(folder / ("rank" + std::to_string(group->rank())), 2);
    SegmentLoop<float> whole(*group, adaptive.make(), {}, options);
    for (int step = 0; step < 41; ++step) whole.step();
    EXPECT_TRUE(whole.local.in_round());
    store.save(whole.local.steps_done(), {}, whole.state(), "{}");
    whole.finish();
    SegmentLoop<float> resumed(*group, adaptive.make(), {}, options);
    resumed.restore(store.latest()->state);
    resumed.finish();
    EXPECT_EQ(resumed.model.flat(), whole.model.flat());
  });
}

}  // namespace
}  // namespace muster
