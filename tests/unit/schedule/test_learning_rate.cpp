#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "muster/base/error.h"
#include "muster/schedule/cosine_kernel.h"
#include "muster/schedule/learning_rate.h"

namespace muster {
namespace {

LearningRateOptions shaped(LearningRateShape shape) {
  LearningRateOptions options{.shape = shape, .peak = 0.8, .final = 1e-6, .warmup_steps = 10};
  if (shape == LearningRateShape::step) options.milestones = {50, 80};
  return options;
}

TEST(CosineOfHalfTurns, IsTheCosine) {
  EXPECT_EQ(cosine_of_half_turns(0), 1);
  EXPECT_EQ(cosine_of_half_turns(0.5), 0);
  EXPECT_EQ(cosine_of_half_turns(1), -1);
  for (int i = 0; i <= 10000; ++i) {
    const double x = i / 10000.0;
    EXPECT_NEAR(cosine_of_half_turns(x), static_cast<double>(std::cos(std::numbers::pi_v<long double> * x)),
                2.3e-16);
    EXPECT_EQ(cosine_of_half_turns(1 - x), -cosine_of_half_turns(1 - (1 - x)));
  }
}

TEST(LearningRate, WarmUpIsTheSameForAllShapes) {
  using enum LearningRateShape;
  for (const auto shape : {constant, cosine, linear, step, cosine_powers_of_two}) {
    const LearningRate rate(shaped(shape), 100);
    EXPECT_EQ(rate.at(0), 1e-6);
    EXPECT_DOUBLE_EQ(rate.at(5), 1e-6 + 0.5 * (0.8 - 1e-6));
    EXPECT_DOUBLE_EQ(rate.at(9), 1e-6 + 0.9 * (0.8 - 1e-6));
    // The power of two nearest to 0.8 is 1 (log2 0.8 = -0.32).
    EXPECT_EQ(rate.at(10), shape == cosine_powers_of_two ? 1.0 : 0.8);
  }
}

TEST(LearningRate, FollowsTheFormulas) {
  using enum LearningRateShape;
  EXPECT_EQ(LearningRate(shaped(constant), 100).at(99), 0.8);
  const LearningRate cosine_rate(shaped(cosine), 100);
  EXPECT_NEAR(cosine_rate.at(55), 1e-6 + 0.5 * (0.8 - 1e-6), 1e-16);  // half way from 10 to 100
  EXPECT_NEAR(cosine_rate.at(40), 1e-6 + 0.75 * (0.8 - 1e-6), 1e-15);
  EXPECT_NEAR(cosine_rate.at(99), 1e-6 + 0.5 * (0.8 - 1e-6) * (1 + std::cos(std::numbers::pi * 89 / 90)),
              1e-16);
  const LearningRate linear_rate(shaped(linear), 100);
  EXPECT_NEAR(linear_rate.at(55), 1e-6 + 0.5 * (0.8 - 1e-6), 1e-16);
  EXPECT_NEAR(linear_rate.at(99), 1e-6 + (0.8 - 1e-6) / 90, 1e-16);
}

TEST(LearningRate, StepDecaysAtItsMilestones) {
  const LearningRate rate(shaped(LearningRateShape::step), 100);
  EXPECT_EQ(rate.at(49), 0.8);
  EXPECT_DOUBLE_EQ(rate.at(50), 0.08);
  EXPECT_DOUBLE_EQ(rate.at(79), 0.08);
  EXPECT_DOUBLE_EQ(rate.at(80), 0.008);
  EXPECT_DOUBLE_EQ(rate.at(99), 0.008);
}

TEST(LearningRate, PowersOfTwoAreTheNearestInTheLogarithm) {
  LearningRateOptions options{.shape = LearningRateShape::cosine, .peak = 0.008, .final = 1e-6};
  const LearningRate smooth(options, 1000);
  options.shape = LearningRateShape::cosine_powers_of_two;
  const LearningRate rate(options, 1000);
  EXPECT_EQ(rate.at(0), 0x1p-7);
  EXPECT_EQ(rate.at(1000), 0x1p-20);
  for (int64_t step = 0; step <= 1000; ++step) {
    int exponent = 0;
    EXPECT_EQ(std::frexp(rate.at(step), &exponent), 0.5);
    EXPECT_LE(std::abs(std::log2(rate.at(step) / smooth.at(step))), 0.5 + 1e-12);
  }
}

TEST(LearningRate, StaysAtItsEndBeyondTheLastStep) {
  using enum LearningRateShape;
  EXPECT_EQ(LearningRate(shaped(cosine), 100).at(100), 1e-6);
  EXPECT_EQ(LearningRate(shaped(linear), 100).at(100), 1e-6);
  EXPECT_EQ(LearningRate(shaped(cosine), 100).at(100000), 1e-6);
  EXPECT_EQ(LearningRate(shaped(linear), 100).at(INT64_MAX), 1e-6);
  EXPECT_DOUBLE_EQ(LearningRate(shaped(step), 100).at(5000), 0.008);
  EXPECT_THROW(LearningRate(shaped(cosine), 100).at(-1), Bug);
}

TEST(LearningRate, WarmUpMayFillTheRunButNotPassIt) {
  const LearningRate rate(shaped(LearningRateShape::cosine), 10);
  EXPECT_DOUBLE_EQ(rate.at(9), 1e-6 + 0.9 * (0.8 - 1e-6));
  EXPECT_EQ(rate.at(10), 0.8);
  EXPECT_EQ(rate.at(11), 0.8);
  EXPECT_THROW(LearningRate(shaped(LearningRateShape::cosine), 9), OptionError);
  EXPECT_THROW(LearningRate({}, 0), OptionError);
}

TEST(LearningRate, HoldsFromAStepOn) {
  using enum LearningRateShape;
  for (const LearningRateShape shape : {cosine, linear, cosine_powers_of_two}) {
    LearningRateOptions options{.shape = shape, .peak = 0.4, .final = 1e-4, .warmup_steps = 10};
    const LearningRate decays(options, 1000);
    options.hold_from = 700;
    const LearningRate holds(options, 1000);
    for (int64_t t = 0; t <= 700; ++t) EXPECT_EQ(holds.at(t), decays.at(t));
    for (int64_t t = 700; t < 1100; ++t) EXPECT_EQ(holds.at(t), decays.at(700));
    EXPECT_LT(decays.at(999), decays.at(700));
  }
}

// The text of the error, or "" where there is none.
std::string error_of(const LearningRateOptions& options) {
  try {
    options.validate();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(LearningRateOptions, ErrorsNameTheKey) {
  using enum LearningRateShape;
  EXPECT_EQ(error_of({}), "");
  const auto starts = [](const LearningRateOptions& options, const std::string& beginning) {
    EXPECT_TRUE(error_of(options).starts_with(beginning)) << error_of(options);
  };
  starts({.peak = 0}, "learning_rate.peak = 0: ");
  starts({.peak = -1}, "learning_rate.peak = -1: ");
  starts({.peak = INFINITY}, "learning_rate.peak = inf: ");
  starts({.peak = NAN}, "learning_rate.peak = nan: ");
  starts({.final = 0}, "learning_rate.final = 0: ");
  starts({.peak = 0.1, .final = 0.2}, "learning_rate.final = 0.2: ");
  starts({.final = NAN}, "learning_rate.final = nan: ");
  starts({.warmup_steps = -1}, "learning_rate.warmup_steps = -1: ");
  starts({.hold_from = 0}, "learning_rate.hold_from = 0: ");
  starts({.warmup_steps = 9, .hold_from = 8}, "learning_rate.hold_from = 8: ");
  starts({.shape = step}, "learning_rate.milestones = (none): ");
  starts({.shape = cosine, .milestones = {5}}, "learning_rate.milestones = 5: only");
  starts({.shape = step, .milestones = {5, 5}}, "learning_rate.milestones = 5,5: ");
  starts({.shape = step, .milestones = {0}}, "learning_rate.milestones = 0: ");
  starts({.shape = step, .milestones = {5}, .decay = 0}, "learning_rate.decay = 0: ");
  starts({.shape = step, .milestones = {5}, .decay = 1.5}, "learning_rate.decay = 1.5: ");
}

}  // namespace
}  // namespace muster
