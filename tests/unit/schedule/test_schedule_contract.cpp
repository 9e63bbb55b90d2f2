#include <gmock/gmock.h>

#include <algorithm>
#include <memory>

#include "muster/base/error.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/piecewise.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/power_rule.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/schedule_contract.h"
#include "muster/schedule/swap.h"
#include "muster/schedule/theory_period.h"

namespace muster {
namespace {

using contract::check_schedule;
using testing::IsEmpty;

template <class Rule, class Options>
contract::MakeSchedule make(Options options) {
  return [options] { return std::make_unique<Rule>(options); };
}

TEST(ScheduleContract, EveryRuleKeepsIt) {
  EXPECT_THAT(check_schedule(make<EveryStep>(EveryStepOptions{})), IsEmpty());
  EXPECT_THAT(check_schedule(make<ConstantPeriod>(ConstantPeriodOptions{.base_period = 5})), IsEmpty());
  EXPECT_THAT(check_schedule(make<ConstantPeriod>(ConstantPeriodOptions{.base_period = INT64_MAX})),
              IsEmpty());
  EXPECT_THAT(check_schedule(make<PostLocal>(PostLocalOptions{.base_period = 7, .switch_step = 11})),
              IsEmpty());
  EXPECT_THAT(check_schedule(make<Swap>(SwapOptions{.base_period = 4, .switch_step = 30})), IsEmpty());
  EXPECT_THAT(check_schedule(make<Piecewise>(PiecewiseOptions{{{0, 3}, {50, 16}, {60, 1}, {1000, 777}}})),
              IsEmpty());
}

TEST(ScheduleContract, RulesOnTheLearningRateKeepIt) {
  for (const double growth : {0.0, 0.05, 0.3, 1e300})
    for (const int64_t warmup : {0, 20}) {
      EXPECT_THAT(check_schedule(make<QuadraticRule>(QuadraticRuleOptions{3, growth, warmup})), IsEmpty());
      for (const double exponent : {0.5, 1.0, 3.0})
        EXPECT_THAT(check_schedule(make<PowerRule>(PowerRuleOptions{3, growth, exponent, warmup})),
                    IsEmpty());
    }
}

TEST(ScheduleContract, RulesThatListenKeepIt) {
  AdaptivePeriodOptions adaptive;
  EXPECT_THAT(check_schedule(make<AdaptivePeriod>(adaptive)), IsEmpty());
  adaptive.max_period = 6;
  adaptive.warmup_steps = 9;
  EXPECT_THAT(check_schedule(make<AdaptivePeriod>(adaptive)), IsEmpty());
  LossDrivenOptions loss{.base_period = 8};
  EXPECT_THAT(check_schedule(make<LossDriven>(loss)), IsEmpty());
  loss.max_period = 12;
  loss.warmup_steps = 25;
  EXPECT_THAT(check_schedule(make<LossDriven>(loss)), IsEmpty());
  loss.interval = 40;
  loss.fallback = 0;
  EXPECT_THAT(check_schedule(make<LossDriven>(loss)), IsEmpty());
  loss.interval.reset();
  loss.interval_seconds = 7.5;  // the contract's clock runs at 4 steps a second
  EXPECT_THAT(check_schedule(make<LossDriven>(loss)), IsEmpty());
}

TEST(ScheduleContract, TheoriesKeepIt) {
  for (const Theory theory : {Theory::stich, Theory::haddadpour, Theory::khaled, Theory::growing})
    for (const int64_t workers : {1, 8, 5000}) {
      TheoryPeriodOptions options{.theory = theory, .workers = workers, .batch = 2, .condition_number = 1.5};
      EXPECT_THAT(check_schedule(make<TheoryPeriod>(options)), IsEmpty());
    }
}

class PassesTheEnd : public SyncSchedule {
  Round next_round(const RoundStart&) override { return {4}; }
};

class Empty : public SyncSchedule {
  Round next_round(const RoundStart&) override { return {0}; }
};

class LongGradients : public SyncSchedule {
  Round next_round(const RoundStart& start) override {
    return {start.total_steps - start.step, Average::gradients};
  }
};

class Forgetful : public SyncSchedule {
  Round next_round(const RoundStart& start) override {
    return {std::min(++rounds_, start.total_steps - start.step)};
  }
  int64_t rounds_ = 0;
};

TEST(ScheduleContract, NamesWhoBreaksIt) {
  EXPECT_THAT(check_schedule([] { return std::make_unique<PassesTheEnd>(); }),
              testing::Contains(testing::HasSubstr("passes the last step")));
  EXPECT_THAT(check_schedule([] { return std::make_unique<Empty>(); }),
              testing::Contains(testing::HasSubstr("fewer than one")));
  EXPECT_THAT(check_schedule([] { return std::make_unique<LongGradients>(); }),
              testing::Contains(testing::HasSubstr("averages gradients")));
  EXPECT_THAT(check_schedule([] { return std::make_unique<Forgetful>(); }),
              testing::Contains(testing::HasSubstr("restored before step")));
}

TEST(ScheduleContract, RoundsStartInsideTheRun) {
  ConstantPeriod schedule{{.base_period = 4}};
  EXPECT_THROW(schedule.next_round({.step = 10, .total_steps = 10}), Bug);
  EXPECT_THROW(schedule.next_round({.step = -1, .total_steps = 10}), Bug);
}

}  // namespace
}  // namespace muster
