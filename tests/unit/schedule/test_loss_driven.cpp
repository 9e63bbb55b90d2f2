#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/schedule/loss_driven.h"

namespace muster {
namespace {

RoundStart start(int64_t step, double rate, std::optional<double> loss = {}) {
  return {.step = step, .total_steps = 1000, .learning_rate = rate, .round_loss = loss};
}

/// Decides at every meeting, with no fallback.
LossDrivenOptions formula(int64_t base_period) {
  return {.base_period = base_period, .interval = 1, .fallback = 0};
}

TEST(LossDriven, FollowsTheRootOfLossAndRate) {
  LossDriven schedule{formula(8)};
  EXPECT_TRUE(schedule.wants_loss());
  EXPECT_FALSE(schedule.wants_divergence());
  EXPECT_FALSE(schedule.wants_seconds());
  EXPECT_EQ(schedule.next_round(start(0, 0.1)), (Round{8, Average::parameters}));
  EXPECT_EQ(schedule.next_round(start(8, 0.1, 2.0)).steps, 8);     // loss_0 = 2
  EXPECT_EQ(schedule.next_round(start(16, 0.1, 0.5)).steps, 4);    // 8 sqrt(1/4)
  EXPECT_EQ(schedule.next_round(start(24, 0.1, 1.0)).steps, 6);    // 5.66
  EXPECT_EQ(schedule.next_round(start(32, 0.025, 0.5)).steps, 8);  // the rate fell to a quarter
  EXPECT_EQ(schedule.next_round(start(40, 0.1, 8.0)).steps, 16);   // also up
  EXPECT_EQ(schedule.next_round(start(48, 0.1, 1e-9)).steps, 1);
  EXPECT_EQ(schedule.next_round(start(996, 0.1, 2.0)).steps, 4);
}

// Between the boundaries of the intervals, which are counted from the first round on, nothing is decided.
TEST(LossDriven, ThePeriodHoldsForAnInterval) {
  LossDriven schedule{{.base_period = 8, .interval = 50}};
  EXPECT_EQ(schedule.next_round(start(0, 0.1)).steps, 8);
  for (int64_t step = 8; step < 50; step += 8)
    EXPECT_EQ(schedule.next_round(start(step, 0.1, step == 8 ? 4.0 : 0.1)).steps, 8) << step;
  EXPECT_EQ(schedule.next_round(start(56, 0.1, 1.0)).steps, 4);  // sqrt(1/4), at the first meeting from 50 on
  for (int64_t step = 60; step < 100; step += 4)
    EXPECT_EQ(schedule.next_round(start(step, 0.1, 0.01)).steps, 4) << step;
  EXPECT_EQ(schedule.next_round(start(100, 0.1, 0.5)).steps, 3);  // 8 sqrt(1/8) = 2.83
  // A round that reached over a whole interval: one decision, and the next one at the next boundary.
  EXPECT_EQ(schedule.next_round(start(260, 0.1, 0.25)).steps, 2);
  EXPECT_EQ(schedule.next_round(start(298, 0.1, 1e-9)).steps, 2);
  EXPECT_EQ(schedule.next_round(start(300, 0.1, 1e-9)).steps, 1);
}

// Equation 18 of the paper: gamma tau where the formula does not fall.
TEST(LossDriven, FallsBackOnAPlateau) {
  LossDriven schedule{{.base_period = 20, .interval = 10}};
  schedule.next_round(start(0, 0.1));
  EXPECT_EQ(schedule.next_round(start(20, 0.1, 1.0)).steps, 20) << "loss_0 has nothing beside it yet";
  EXPECT_EQ(schedule.next_round(start(40, 0.1, 1.0)).steps, 10);  // 20 is not below 20
  EXPECT_EQ(schedule.next_round(start(50, 0.1, 1.0)).steps, 5);
  EXPECT_EQ(schedule.next_round(start(60, 0.1, 0.01)).steps, 2);   // the formula's 2 is below 5
  EXPECT_EQ(schedule.next_round(start(70, 0.001, 1.0)).steps, 1);  // a fallen rate does not lengthen it
  EXPECT_EQ(schedule.next_round(start(80, 0.1, 9.0)).steps, 1) << "never below 1";
  LossDriven slowly{{.base_period = 20, .interval = 10, .fallback = 0.9}};
  slowly.next_round(start(0, 0.1));
  slowly.next_round(start(20, 0.1, 1.0));
  int64_t period = 20;
  for (int64_t step = 40; step < 440; step += 20) {
    const int64_t next = slowly.next_round(start(step, 0.1, 1.0)).steps;
    EXPECT_EQ(next, std::max<int64_t>(1, static_cast<int64_t>(0.9 * static_cast<double>(period))));
    period = next;
  }
  EXPECT_EQ(period, 1);
}

TEST(LossDriven, IntervalsMayBeSeconds) {
  LossDriven schedule{{.base_period = 8, .interval_seconds = 60}};
  EXPECT_TRUE(schedule.wants_seconds());
  const auto at = [](int64_t step, double seconds, double loss) {
    RoundStart one = start(step, 0.1, loss);
    one.seconds = seconds;
    return one;
  };
  schedule.next_round(start(0, 0.1));
  EXPECT_EQ(schedule.next_round(at(8, 10, 4.0)).steps, 8);
  EXPECT_EQ(schedule.next_round(at(16, 59.9, 1.0)).steps, 8);
  EXPECT_EQ(schedule.next_round(at(24, 60, 1.0)).steps, 4);
  EXPECT_EQ(schedule.next_round(at(28, 119, 0.25)).steps, 4);
  EXPECT_EQ(schedule.next_round(at(32, 500, 0.25)).steps, 2);
  EXPECT_THROW(schedule.next_round(start(34, 0.1, 1.0)), Bug);
}

TEST(LossDriven, WithoutAnIntervalItIsAThirtiethOfTheRun) {
  LossDriven schedule{{.base_period = 2, .warmup_steps = 100}};  // 900 steps: 30 each
  schedule.next_round(start(0, 0.1));
  schedule.next_round(start(100, 0.1, 7.0));
  EXPECT_EQ(schedule.next_round(start(102, 0.1, 1.0)).steps, 2);
  EXPECT_EQ(schedule.next_round(start(128, 0.1, 0.1)).steps, 2);
  EXPECT_EQ(schedule.next_round(start(130, 0.1, 0.1)).steps, 1);
}

TEST(LossDriven, IsNotPaddlesVariant) {
  LossDriven schedule{formula(16)};
  schedule.next_round(start(0, 0.1));
  schedule.next_round(start(16, 0.1, 1.0));
  EXPECT_EQ(schedule.next_round(start(32, 0.1, 4.0)).steps, 32);  // with base_period under the root: 8
}

TEST(LossDriven, StaysWithinItsBounds) {
  LossDrivenOptions bounded = formula(8);
  bounded.max_period = 10;
  LossDriven schedule{bounded};
  schedule.next_round(start(0, 0.1));
  schedule.next_round(start(8, 0.1, 1.0));
  EXPECT_EQ(schedule.next_round(start(16, 0.1, 100.0)).steps, 10);
  EXPECT_EQ(schedule.next_round(start(26, 0.0, 1.0)).steps, 10);
  EXPECT_EQ(schedule.next_round(start(36, 1e-320, 1e300)).steps, 10);
  EXPECT_EQ(schedule.next_round(start(46, 0.1, 0.0)).steps, 1);
  EXPECT_EQ(schedule.next_round(start(47, 0.1, -1.0)).steps, 1);
  LossDriven unbounded{formula(8)};
  unbounded.next_round(start(0, 0.1));
  unbounded.next_round(start(8, 0.1, 1.0));
  EXPECT_EQ(unbounded.next_round(start(16, 0.0, 1.0)).steps, 984);
}

TEST(LossDriven, ALossThatTellsNothingLeavesTheBase) {
  LossDriven schedule{{.base_period = 8, .interval = 1}};
  schedule.next_round(start(0, 0.1));
  EXPECT_EQ(schedule.next_round(start(8, 0.1, 0.0)).steps, 8);
  EXPECT_EQ(schedule.next_round(start(16, 0.1, 5.0)).steps, 8);
}

TEST(LossDriven, TheFirstRoundIsTheFirstAfterWarmUp) {
  LossDriven schedule{{.base_period = 8, .warmup_steps = 10, .interval = 16}};
  EXPECT_EQ(schedule.next_round(start(0, 1e-6)).steps, 8);
  EXPECT_EQ(schedule.next_round(start(8, 0.08, 9.0)).steps, 8);
  EXPECT_EQ(schedule.next_round(start(16, 0.1, 7.0)).steps, 8);  // the reference round begins
  EXPECT_EQ(schedule.next_round(start(24, 0.1, 2.0)).steps, 8);  // loss_0 = 2
  EXPECT_EQ(schedule.next_round(start(32, 0.1, 0.5)).steps, 4);
}

TEST(LossDriven, NeedsTheLoss) {
  LossDriven schedule{{.base_period = 8}};
  schedule.next_round(start(0, 0.1));
  EXPECT_THROW(schedule.next_round(start(8, 0.1)), Bug);
}

TEST(LossDriven, RefusesForeignState) {
  LossDriven schedule{{.base_period = 8}};
  EXPECT_THROW(schedule.restore({}), CheckpointError);
  Numbers state = schedule.state();
  state.set("phase", int64_t{3});
  EXPECT_THROW(schedule.restore(state), CheckpointError);
  state = schedule.state();
  state.set("period", int64_t{0});
  EXPECT_THROW(schedule.restore(state), CheckpointError);
}

TEST(LossDriven, ErrorsNameTheKey) {
  EXPECT_THROW((LossDriven{{.base_period = 0}}), OptionError);
  EXPECT_THROW((LossDriven{{.base_period = 8, .max_period = 7}}), OptionError);
  EXPECT_THROW((LossDriven{{.warmup_steps = -1}}), OptionError);
  EXPECT_THROW((LossDriven{{.interval = 0}}), OptionError);
  EXPECT_THROW((LossDriven{{.interval_seconds = 0}}), OptionError);
  EXPECT_THROW((LossDriven{{.interval_seconds = INFINITY}}), OptionError);
  EXPECT_THROW((LossDriven{{.interval = 5, .interval_seconds = 5}}), OptionError);
  EXPECT_THROW((LossDriven{{.fallback = 1}}), OptionError);
  EXPECT_THROW((LossDriven{{.fallback = -0.1}}), OptionError);
  EXPECT_THROW((LossDriven{{.fallback = NAN}}), OptionError);
}

}  // namespace
}  // namespace muster
