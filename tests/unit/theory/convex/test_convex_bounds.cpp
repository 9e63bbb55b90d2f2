#include <gtest/gtest.h>

#include <cmath>

#include "muster/schedule/theory_period.h"
#include "muster/theory/convex/convex_bounds.h"
#include "muster/theory/convex/convex_step_size.h"

namespace muster {
namespace {

StichSetting w8a() {
  StichSetting setting;
  setting.smoothness = 0.661219485401;
  setting.strong_convexity = 1.0 / 49749;
  setting.start_distance = 27.689598115451 * 27.689598115451;
  setting.noise = setting.gradient = 0.11186804;
  return setting;
}

TEST(StichBound, IsTheSumOfItsTerms) {
  StichSetting setting{.smoothness = 3,
                       .strong_convexity = 0.5,
                       .start_distance = 7,
                       .noise = 2,
                       .gradient = 5,
                       .workers = 4,
                       .period = 6};
  const double a = 16 * 6 + 1;
  EXPECT_DOUBLE_EQ(stich_shift(setting), a);
  double sum = 0;
  for (int t = 0; t < 50; ++t) sum += (a + t) * (a + t);
  const StichBound bound = stich_bound(setting, 50);
  EXPECT_NEAR(bound.initial, 0.5 * a * a * a / (2 * sum) * 7, 1e-12);
  EXPECT_NEAR(bound.noise, 4 * 50 * (50 + 2 * a) / (0.5 * 4 * sum) * 2, 1e-12);
  EXPECT_NEAR(bound.drift, 256 * 50 / (0.25 * sum) * 5 * 36 * 3, 1e-9);
  setting.asynchronous = true;
  setting.delay = 3;
  EXPECT_NEAR(stich_bound(setting, 50).drift, 768 * 50 / (0.25 * sum) * 5 * 81 * 3, 1e-9);
  setting.period = 200;
  EXPECT_DOUBLE_EQ(stich_shift(setting), 204);
}

TEST(StichBound, OfW8aAtAMillionSteps) {
  const StichBound bound = stich_bound(w8a(), 1'000'000);
  EXPECT_NEAR(bound.initial, 9.9e-4, 0.05e-4);
  EXPECT_NEAR(bound.noise, 4.0e-2, 0.05e-2);
  EXPECT_NEAR(bound.drift, 4.1e-2, 0.05e-2);
}

TEST(AllowedPeriods, WithConstantsNeedVeryLongRuns) {
  StichSetting setting = w8a();
  // From T = 32 kappa (2 K - 1) on a period of 1 is allowed, from about four times as much on 2.
  EXPECT_EQ(stich_period_with_constants(setting, 1'053'000), 1);
  EXPECT_EQ(stich_period_with_constants(setting, 4 * 64 * 32896), 2);
  setting.workers = 8;
  EXPECT_EQ(stich_period_with_constants(setting, 1'000'000), 1);
}

TEST(AllowedPeriods, ByDrift) {
  EXPECT_EQ(drift_period(0.6612, 0.5, 8, 1), 1);
  EXPECT_EQ(drift_period(0.009132, 0.5, 8, 1), 14);
  EXPECT_EQ(drift_period(1, 1e-30, 1, 1), int64_t{9'000'000'000'000'000'000} + 1);
}

TEST(AllowedPeriods, OfTheSchedule) {
  EXPECT_EQ(stich_period(2000, 8, 16), 3);
  EXPECT_EQ(stich_period(8000, 8, 4), 15);
  EXPECT_EQ(stich_period(100000, 8, 16), 27);
  EXPECT_EQ(haddadpour_period(2000, 8), 79);
  EXPECT_EQ(haddadpour_period(8000, 8), 200);
  EXPECT_EQ(haddadpour_period(2000, 32), 50);
  EXPECT_EQ(khaled_period(32895, 1, 32895.00818), 1);
  EXPECT_EQ(khaled_period(65791, 1, 32895.00818), 2);
  for (const Theory theory : {Theory::woodworth, Theory::koloskova}) {
    TheoryPeriod schedule({theory, 8, 1, 10});
    EXPECT_EQ(schedule.next_round({.step = 0, .total_steps = 2000}).steps, 25);
  }
}

TEST(StepSize, FollowsItsRule) {
  const ConvexStepSize inverse{StepSizeRule::inverse, 0.125, 49749};
  EXPECT_EQ(inverse.at(0), 32);
  EXPECT_EQ(inverse.at(999), 0.125 * 49749 / 1000);
  EXPECT_EQ(inverse.weight(4), 25);
  const ConvexStepSize theorem{StepSizeRule::theorem, 0, 1, 0.5, 10};
  EXPECT_EQ(theorem.at(6), 4 / (0.5 * 16));
  EXPECT_EQ(theorem.weight(6), 256);
  for (const ConvexStepSize& one : {inverse, theorem}) {
    double sum = 0;
    for (int64_t t = 3; t < 20; ++t) sum += one.weight(t);
    EXPECT_DOUBLE_EQ(one.weight_sum(3, 17), sum);
    EXPECT_EQ(one.weight_sum(3, 0), 0);
  }
}

}  // namespace
}  // namespace muster
