#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/power_rule.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/swap.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/hyperbola.h"
#include "muster/theory/slow_sde/hyperbola_kernel.h"
#include "muster/theory/slow_sde/slow_sde_factors.h"

namespace muster {
namespace {

constexpr HyperbolaOptions usual{.noise = 0.4, .start = 4};

double rounded(double value, int decimals) {
  const double scale = std::pow(10, decimals);
  return std::round(value * scale) / scale;
}

TEST(Hyperbola, OneStepShrinksDByTheSquaredResidual) {
  std::vector<double> u(kernel::lanes, 1.7), v(kernel::lanes, 0.9);
  const double rate = 0.05, d = 1.7 * 1.7 - 0.9 * 0.9;
  kernel::hyperbola_steps({u.data(), v.data(), 1}, 0, &rate, 1, 0.4, 99);
  int up = 0;
  for (size_t i = 0; i < kernel::lanes; ++i) {
    const double plus = 1.7 * 0.9 - 1 - 0.4, minus = 1.7 * 0.9 - 1 + 0.4;
    const double moved = u[i] * u[i] - v[i] * v[i];
    const double with_plus = d * (1 - rate * rate * plus * plus);
    const double with_minus = d * (1 - rate * rate * minus * minus);
    const bool is_plus = std::fabs(moved - with_plus) < 1e-14;
    EXPECT_TRUE(is_plus || std::fabs(moved - with_minus) < 1e-14) << i;
    up += is_plus ? 1 : 0;
  }
  EXPECT_GT(up, 15);
  EXPECT_LT(up, 49);
}

TEST(Hyperbola, LawsOverThePeriodHaveTheirKnownValues) {
  struct Row {
    int64_t period;
    double finite_step, continuous;
  };
  for (const Row& row : {Row{1, 3.1147, 3.1465}, Row{2, 2.7355, 2.5028}, Row{5, 2.0641, 1.9707},
                         Row{10, 1.5350, 1.5135}, Row{50, 0.7671, 0.7954}, Row{200, 0.6040, 0.6347},
                         Row{1000, 0.5649, 0.5958}, Row{5000, 0.5574, 0.5883}}) {
    const auto laws = hyperbola_laws(usual, constant_plan(8, 0.02, row.period, 30'000), {30'000});
    EXPECT_EQ(rounded(laws.finite_step[0], 4), row.finite_step) << row.period;
    EXPECT_EQ(rounded(laws.continuous[0], 4), row.continuous) << row.period;
    EXPECT_NEAR(laws.sgd[0], 4 * std::exp(-0.16 * 12 / 8), 1e-12);
  }
}

SlowSdePlan falling_plan(SyncSchedule& schedule) {
  LearningRateOptions rate;
  rate.shape = LearningRateShape::cosine;
  rate.peak = 0.04;
  SlowSdePlan plan{8, LearningRate(rate, 40'000), {}};
  plan.rounds = preview(schedule, plan.learning_rate, 40'000).all_rounds;
  return plan;
}

TEST(Hyperbola, TheRecursionOverSchedulesHasItsKnownValues) {
  const HyperbolaOptions options{.noise = 0.4, .start = 6};
  const auto check = [&](SyncSchedule&& schedule, size_t rounds, double d, double trace) {
    const SlowSdePlan plan = falling_plan(schedule);
    EXPECT_EQ(plan.rounds.size(), rounds);
    const double reached = hyperbola_laws(options, plan, {40'000}).finite_step[0];
    EXPECT_EQ(rounded(reached, 4), d) << rounds;
    EXPECT_NEAR(hyperbola_curvature(reached), trace, 0.0015) << rounds;
  };
  check(ConstantPeriod({.base_period = 1}), 40'000, 3.5450, 4.070);
  check(ConstantPeriod({.base_period = 4}), 10'000, 1.3011, 2.386);
  check(ConstantPeriod({.base_period = 8}), 5'000, 0.7143, 2.124);
  check(PowerRule({.base_period = 4, .growth = 0.4, .exponent = 1}), 2'065, 0.4852, 2.058);
  check(PowerRule({.base_period = 4, .growth = 0.08, .exponent = 2}), 4'011, 0.9590, 2.217);
  check(PowerRule({.base_period = 4, .growth = 0.2, .exponent = 2}), 612, 0.1917, 2.009);
  check(PowerRule({.base_period = 4, .growth = 0.1, .exponent = 3}), 825, 0.2320, 2.013);
  check(Swap({.base_period = 4, .switch_step = 20'000}), 5'001, 1.0306, 2.250);
}

TEST(Hyperbola, TheQuasiStaticLawMissesTheLongRoundOfSwap) {
  Swap schedule({.base_period = 4, .switch_step = 20'000});
  const auto laws = hyperbola_laws({.noise = 0.4, .start = 6}, falling_plan(schedule), {40'000});
  EXPECT_GT(std::fabs(laws.continuous[0] / laws.finite_step[0] - 1), 0.05);
}

TEST(Hyperbola, ItsDriftDescendsTheTraceAndTheIntegralOfPsi) {
  // D' = -(delta^2 / 4K) |grad D|^2 d/dD {lambda + (K - 1) F(2 eta H lambda) / (2 eta H)}, |grad D|^2 = 4
  // lambda.
  const double d = 3, eta_h = 0.3, step = 1e-5;
  const auto descends = [&](double at) {
    const double lambda = hyperbola_curvature(at);
    return lambda + 7 * psi_integral(2 * eta_h * lambda) / (2 * eta_h);
  };
  const double slope = (descends(d + step) - descends(d - step)) / (2 * step);
  const double rate = -0.16 / 32 * 4 * hyperbola_curvature(d) * slope;
  const double moved =
      hyperbola_laws({.noise = 0.4, .start = d}, constant_plan(8, eta_h / 1000, 1000, 1000), {1000})
          .continuous[0] -
      d;
  EXPECT_NEAR(moved / (1000 * std::pow(eta_h / 1000, 2)), rate, 1e-4 * std::fabs(rate));
}

TEST(Hyperbola, OneWorkerIsSgdForEveryPeriod) {
  const auto every_step = hyperbola_laws(usual, constant_plan(1, 0.02, 1, 2000), {2000});
  const auto seldom = hyperbola_laws(usual, constant_plan(1, 0.02, 100, 2000), {2000});
  EXPECT_NEAR(every_step.finite_step[0], seldom.finite_step[0], 1e-9);
  EXPECT_NEAR(every_step.continuous[0], seldom.continuous[0], 1e-9);
  const auto a = simulate_hyperbola(usual, constant_plan(1, 0.02, 1, 2000), {.replicas = 64});
  const auto b = simulate_hyperbola(usual, constant_plan(1, 0.02, 100, 2000), {.replicas = 64});
  EXPECT_EQ(a.last()[0].mean, b.last()[0].mean);
}

TEST(Hyperbola, SimulationFollowsTheFiniteStepLaw) {
  for (const int64_t period : {1, 10, 400}) {
    const SlowSdePlan plan = constant_plan(4, 0.03, period, 8000);
    const auto outcome = simulate_hyperbola(usual, plan, {.replicas = 512, .seed = 7});
    const Estimate d = outcome.last()[0];
    const double law = hyperbola_laws(usual, plan, {8000}).finite_step[0];
    EXPECT_LT(d.standard_error, 0.003 * law);
    EXPECT_NEAR(d.mean, law, 4 * d.standard_error + 0.001 * law) << period;
  }
}

TEST(Hyperbola, DependsOnTheSeedButNotOnThreadsOrMoreReplicas) {
  const SlowSdePlan plan = constant_plan(3, 0.03, 7, 500);
  const auto one = simulate_hyperbola(usual, plan, {.replicas = 200, .seed = 3, .threads = 1});
  const auto two = simulate_hyperbola(usual, plan, {.replicas = 200, .seed = 3, .threads = 3});
  EXPECT_EQ(one.last()[0].mean, two.last()[0].mean);
  EXPECT_EQ(one.last()[0].standard_error, two.last()[0].standard_error);
  const auto other = simulate_hyperbola(usual, plan, {.replicas = 200, .seed = 4});
  EXPECT_NE(one.last()[0].mean, other.last()[0].mean);
  EXPECT_EQ(one.records.front().step, 0);
  EXPECT_NEAR(one.records.front().quantities[0].mean, 4, 1e-12);
  EXPECT_EQ(one.records.back().step, 500);
}

TEST(Hyperbola, RefusesWhatCannotBe) {
  EXPECT_THROW((HyperbolaOptions{.noise = -1}.validate(0.01)), OptionError);
  EXPECT_THROW((HyperbolaOptions{.start = 0}.validate(0.01)), OptionError);
  EXPECT_THROW((HyperbolaOptions{.start = 4}.validate(0.5)), OptionError);
  EXPECT_THROW(simulate_hyperbola(usual, constant_plan(2, 0.02, 1, 10), {.replicas = 0}), OptionError);
  EXPECT_THROW(
      simulate_hyperbola({.noise = 40, .start = 4}, constant_plan(2, 0.3, 10, 1000), {.replicas = 64}),
      NonFiniteError);
}

}  // namespace
}  // namespace muster
