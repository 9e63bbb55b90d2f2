#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/swap.h"

namespace muster {
namespace {

const LearningRate flat({.shape = LearningRateShape::constant}, 100);

TEST(Preview, EveryStepHasPeriodOne) {
  EveryStep schedule;
  const Preview walked = preview(schedule, flat, 100, 1);
  EXPECT_EQ(walked.steps, 100);
  EXPECT_EQ(walked.rounds, 100);
  EXPECT_EQ(walked.communication, 1);
  EXPECT_EQ(walked.first_step_above_base, std::nullopt);
  EXPECT_EQ(walked.all_rounds[7], (PlannedRound{7, 1}));
  EXPECT_EQ(sentence(walked), "The period H never leaves its base of 1 step; the last round has 1 step.");
}

TEST(Preview, SaysWhereThePeriodLeavesItsBase) {
  ConstantPeriod constant{{.base_period = 8}};
  EXPECT_EQ(sentence(preview(constant, flat, 100, 8)),
            "The period H never leaves its base of 8 steps; the last round has 4 steps.");
  Swap swap{{.base_period = 4, .switch_step = 60}};
  const Preview walked = preview(swap, flat, 100, 4);
  EXPECT_EQ(walked.first_step_above_base, 60);
  EXPECT_EQ(sentence(walked),
            "The period H leaves its base of 4 steps at step 60 of 100 (60 %); the last round has 40 steps.");
  QuadraticRule quadratic{{.base_period = 4, .growth = 0.0175, .warmup_steps = 10000}};
  const LearningRate rate({.peak = 0.008, .warmup_steps = 10000}, 93600);
  EXPECT_EQ(sentence(preview(quadratic, rate, 93600, 4)),
            "The period H leaves its base of 4 steps at step 17,876 of 93,600 (19 %); the last round has "
            "8,142 steps.");
}

TEST(Preview, WithoutABaseTheFirstRoundIsTheBase) {
  ConstantPeriod constant{{.base_period = 8}};
  const Preview walked = preview(constant, flat, 100);
  EXPECT_EQ(walked.base_period, 8);
  EXPECT_EQ(walked.first_step_above_base, std::nullopt);
}

TEST(Preview, HoldsAMillionRounds) {
  EveryStep schedule;
  EXPECT_EQ(preview(schedule, LearningRate({}, 1000000), 1000000, 1).all_rounds.size(), 1000000U);
}

TEST(Preview, SchedulesThatListenNeedARun) {
  AdaptivePeriod adaptive{{.base_period = 4}};
  LossDriven loss{{.base_period = 4}};
  EXPECT_THROW(preview(adaptive, flat, 100, 4), Error);
  EXPECT_THROW(preview(loss, flat, 100, 4), Error);
  const Replay losses({{.last_step = 3, .divergence = {}, .round_loss = 1.0}});
  EXPECT_THROW(preview(adaptive, flat, 100, 4, &losses), Error);
  EXPECT_EQ(preview(loss, flat, 100, 4, &losses).rounds, 2 + 2 + 88);  // 4, 4, 2, 2, then 1: a plateau
  LossDriven without_fallback{{.base_period = 4, .fallback = 0}};
  EXPECT_EQ(preview(without_fallback, flat, 100, 4, &losses).rounds, 25);
  EXPECT_THROW(preview(loss, flat, 0, 4, &losses), OptionError);
  LossDriven by_clock{{.base_period = 4, .interval_seconds = 60}};
  EXPECT_THROW(preview(by_clock, flat, 100, 4, &losses), OptionError) << "there is no clock";
}

TEST(Replay, TheNearestRecordAnswers) {
  const Replay replay({{.last_step = 19, .divergence = 3.0, .round_loss = {}},
                       {.last_step = 9, .divergence = 1.0, .round_loss = 5.0},
                       {.last_step = 13, .divergence = {}, .round_loss = 6.0}});
  EXPECT_EQ(replay.divergence(0), 1.0);
  EXPECT_EQ(replay.divergence(9), 1.0);
  EXPECT_EQ(replay.divergence(14), 1.0);  // as far from 9 as from 19: the earlier
  EXPECT_EQ(replay.divergence(15), 3.0);
  EXPECT_EQ(replay.divergence(1000), 3.0);
  EXPECT_EQ(replay.round_loss(12), 6.0);
  EXPECT_EQ(replay.round_loss(10), 5.0);
  EXPECT_EQ(Replay({}).divergence(3), std::nullopt);
}

// What a run of the same schedule recorded gives the run's own rounds back.
TEST(Replay, RepeatsTheRun) {
  const LearningRate rate({.shape = LearningRateShape::step, .milestones = {2000, 3000}}, 4000);
  AdaptivePeriod schedule{{.base_period = 4}};
  std::vector<Replay::Record> records;
  std::vector<PlannedRound> rounds;
  for (RoundStart start{.step = 0, .total_steps = 4000}; start.step < 4000;) {
    start.learning_rate = rate.at(start.step);
    const int64_t steps = schedule.next_round(start).steps;
    rounds.push_back({start.step, steps});
    start.step += steps;
    start.last_learning_rate = rate.at(start.step - 1);
    start.divergence = start.last_learning_rate * start.last_learning_rate * static_cast<double>(steps);
    records.push_back({start.step - 1, start.divergence, std::nullopt});
  }
  const Replay replay(records);
  AdaptivePeriod again{{.base_period = 4}};
  const Preview walked = preview(again, rate, 4000, 4, &replay);
  EXPECT_EQ(walked.all_rounds, rounds);
  EXPECT_GT(walked.all_rounds.back().start, 3900);
  ASSERT_TRUE(walked.first_step_above_base.has_value());
  EXPECT_GE(*walked.first_step_above_base, 2000);
}

class Broken : public SyncSchedule {
  Round next_round(const RoundStart&) override { return {101}; }
};

TEST(Preview, ABrokenScheduleIsABug) {
  Broken broken;
  EXPECT_THROW(preview(broken, flat, 100, 4), Bug);
}

}  // namespace
}  // namespace muster
