#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/base/error.h"
#include "muster/schedule/power_rule.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/quadratic_rule.h"

namespace muster {
namespace {

// A configuration of Gu et al., ICLR 2024, and what its learning rates make of it.
struct Published {
  const char* name;
  int64_t steps, warmup;
  double peak;
  int64_t base_period;
  double growth;
  int64_t rounds, first_above;
  std::vector<PlannedRound> last;
};

const std::vector<Published> published = {
    {"ViT 4096, 4",
     93600,
     10000,
     0.008,
     4,
     0.0175,
     9711,
     17876,
     {{81077, 1612}, {82689, 2769}, {85458, 8142}}},
    {"ViT 4096, 8",
     93600,
     10000,
     0.008,
     8,
     0.0175,
     6461,
     39136,
     {{82347, 2453}, {84800, 6461}, {91261, 2339}}},
    {"R152 4096, 2", 62400, 1560, 0.8, 2, 0.2, 24792, 47306, {{58736, 784}, {59520, 2051}, {61571, 829}}},
    {"R152 4096, 4", 62400, 1560, 0.8, 4, 0.25, 12539, 47564, {{57963, 571}, {58534, 990}, {59524, 2876}}},
    {"ViT 16384, 4", 23400, 2500, 0.016, 4, 0.0175, 3771, 13096, {{20617, 641}, {21258, 1803}, {23061, 339}}},
    {"ViT 16384, 8", 23400, 2500, 0.016, 8, 0.01, 2292, 17096, {{21209, 538}, {21747, 1643}, {23390, 10}}},
    {"R152 16384, 2", 15600, 390, 1.6, 2, 0.2, 6682, 12968, {{14637, 160}, {14797, 331}, {15128, 472}}},
    {"R152 16384, 4", 15600, 390, 1.6, 4, 0.2, 3424, 13292, {{14583, 129}, {14712, 222}, {14934, 666}}},
};

LearningRate rate_of(const Published& run) {
  return LearningRate({.peak = run.peak, .warmup_steps = run.warmup}, run.steps);
}

TEST(QuadraticRule, MeetsAsOftenAsPublished) {
  for (const Published& run : published) {
    SCOPED_TRACE(run.name);
    QuadraticRule rule{{.base_period = run.base_period, .growth = run.growth, .warmup_steps = run.warmup}};
    const Preview walked = preview(rule, rate_of(run), run.steps, run.base_period);
    EXPECT_EQ(walked.rounds, run.rounds);
    EXPECT_EQ(walked.first_step_above_base, run.first_above);
    EXPECT_EQ(std::vector(walked.all_rounds.end() - 3, walked.all_rounds.end()), run.last);
    EXPECT_DOUBLE_EQ(walked.communication, static_cast<double>(run.rounds) / static_cast<double>(run.steps));
    EXPECT_EQ(walked.all_rounds.back().start + walked.all_rounds.back().period, run.steps);
  }
}

// The paper's warm-up rule; in its configurations the H after warm-up is the base period, so nothing changes.
TEST(QuadraticRule, MeetsAsOftenAsPublishedUnderThePapersWarmUp) {
  for (const Published& run : published) {
    SCOPED_TRACE(run.name);
    QuadraticRule rule{{run.base_period, run.growth, run.warmup, rate_of(run).at(run.warmup)}};
    const Preview walked = preview(rule, rate_of(run), run.steps, run.base_period);
    EXPECT_EQ(walked.rounds, run.rounds);
    EXPECT_EQ(std::vector(walked.all_rounds.end() - 3, walked.all_rounds.end()), run.last);
  }
}

TEST(QuadraticRule, RoundsInWarmUpMayBeAsLongAsTheFirstAfterIt) {
  const Published& run = published[0];
  for (const double growth : {0.03, 0.05, 0.1}) {
    QuadraticRule rule{{4, growth, run.warmup, rate_of(run).at(run.warmup)}};
    const Preview walked = preview(rule, rate_of(run), run.steps, 4);
    const auto expected = static_cast<int64_t>(growth / run.peak * growth / run.peak);
    EXPECT_GT(expected, 4);
    for (const PlannedRound& round : walked.all_rounds) {
      if (round.start >= run.warmup + expected) break;
      ASSERT_NEAR(static_cast<double>(round.period), static_cast<double>(expected),
                  round.start < run.warmup ? 0 : 1);
    }
    PowerRule power{{.base_period = 4,
                     .growth = growth,
                     .exponent = 2,
                     .warmup_steps = run.warmup,
                     .rate_after_warmup = rate_of(run).at(run.warmup)}};
    EXPECT_EQ(preview(power, rate_of(run), run.steps, 4).all_rounds, walked.all_rounds);
  }
  QuadraticRule constant{{4, 0, run.warmup, 0.008}};
  EXPECT_EQ(preview(constant, rate_of(run), run.steps, 4).rounds, 93600 / 4);
}

TEST(QuadraticRule, WithoutTheWarmUpGuardThereIsOneRound) {
  const Published& run = published[0];
  QuadraticRule naive{{.base_period = 4, .growth = 0.0175, .warmup_steps = 0}};
  EXPECT_EQ(preview(naive, rate_of(run), run.steps, 4).rounds, 1);
}

TEST(QuadraticRule, RoundsThatStartInWarmUpHaveTheBasePeriod) {
  const Published& run = published[0];  // (growth / peak)^2 = 14: above the base right after warm-up
  QuadraticRule rule{{.base_period = 4, .growth = 0.03, .warmup_steps = run.warmup}};
  const Preview walked = preview(rule, rate_of(run), run.steps, 4);
  EXPECT_EQ(walked.rounds, 4785);
  EXPECT_EQ(walked.first_step_above_base, 10000);
  for (size_t i = 0; i < 2500; ++i) ASSERT_EQ(walked.all_rounds[i].period, 4);
  EXPECT_EQ(walked.all_rounds[2500].period, 14);
}

RoundStart at(double rate, int64_t step = 0, int64_t total = 1000) {
  return {.step = step, .total_steps = total, .learning_rate = rate};
}

TEST(QuadraticRule, TakesTheFloorOfTheSquare) {
  QuadraticRule rule{{.base_period = 4, .growth = 1}};
  EXPECT_EQ(rule.next_round(at(0.5)), (Round{4, Average::parameters}));
  EXPECT_EQ(rule.next_round(at(0.25)).steps, 16);
  EXPECT_EQ(rule.next_round(at(0.4)).steps, 6);  // 6.25
  EXPECT_EQ(rule.next_round(at(2)).steps, 4);
  EXPECT_EQ(rule.next_round(at(0.25, 990)).steps, 10);
  EXPECT_EQ(rule.next_round(at(2, 998)).steps, 2);
}

TEST(QuadraticRule, SurvivesExtremeRates) {
  constexpr int64_t forever = std::numeric_limits<int64_t>::max();
  QuadraticRule rule{{.base_period = 4, .growth = 1e300}};
  for (const double rate : {1e-300, 5e-324, 0.0, 1.0}) {
    EXPECT_EQ(rule.next_round(at(rate)).steps, 1000);
    EXPECT_EQ(rule.next_round(at(rate, 1, forever)).steps, forever - 1);
  }
  EXPECT_EQ(rule.next_round(at(1e300)).steps, 4);
  EXPECT_THROW(rule.next_round(at(NAN)), Bug);
  EXPECT_THROW(rule.next_round(at(-0.1)), Bug);
}

TEST(QuadraticRule, GrowthZeroIsAConstantPeriod) {
  QuadraticRule rule{{.base_period = 4, .growth = 0}};
  for (const double rate : {0.1, 1e-300, 0.0}) EXPECT_EQ(rule.next_round(at(rate)).steps, 4);
}

TEST(QuadraticRule, RunsOfOneStep) {
  QuadraticRule rule{{.base_period = 4, .growth = 0.0175}};
  const Preview walked = preview(rule, LearningRate({}, 1), 1, 4);
  EXPECT_EQ(walked.all_rounds, (std::vector<PlannedRound>{{0, 1}}));
  EXPECT_EQ(walked.communication, 1);
}

TEST(QuadraticRule, ErrorsNameTheKey) {
  EXPECT_THROW((QuadraticRule{{.base_period = 0}}), OptionError);
  EXPECT_THROW((QuadraticRule{{.growth = -1}}), OptionError);
  EXPECT_THROW((QuadraticRule{{.growth = NAN}}), OptionError);
  EXPECT_THROW((QuadraticRule{{.growth = INFINITY}}), OptionError);
  EXPECT_THROW((QuadraticRule{{.warmup_steps = -1}}), OptionError);
  try {
    QuadraticRule{{.growth = -1}};
  } catch (const OptionError& error) {
    EXPECT_EQ(std::string(error.what()).find("schedule.growth = -1: "), 0U);
  }
}

TEST(PowerRule, HasAnyExponent) {
  PowerRule linear{{.base_period = 2, .growth = 1, .exponent = 1}};
  PowerRule cubic{{.base_period = 2, .growth = 1, .exponent = 3}};
  PowerRule root{{.base_period = 2, .growth = 1, .exponent = 0.5}};
  EXPECT_EQ(linear.next_round(at(0.125)).steps, 8);
  EXPECT_EQ(cubic.next_round(at(0.125)).steps, 512);
  EXPECT_EQ(root.next_round(at(0.0625)).steps, 4);
  EXPECT_EQ(cubic.next_round(at(1e-200)).steps, 1000);
  EXPECT_EQ(linear.next_round(at(0)).steps, 1000);
  EXPECT_THROW((PowerRule{{.exponent = 0}}), OptionError);
  EXPECT_THROW((PowerRule{{.exponent = NAN}}), OptionError);
}

// Section 2.4 of the facts on the slow SDE: cosine 0.04 -> 1e-6 over 40,000 steps without warm-up.
TEST(PowerRule, MeetsAsOftenAsInTheSimulations) {
  const LearningRate rate({.peak = 0.04}, 40000);
  PowerRule linear{{.base_period = 4, .growth = 0.4, .exponent = 1}};
  EXPECT_EQ(preview(linear, rate, 40000, 4).rounds, 2065);
  PowerRule cubic{{.base_period = 4, .growth = 0.1, .exponent = 3}};
  EXPECT_EQ(preview(cubic, rate, 40000, 4).rounds, 825);
  QuadraticRule small{{.base_period = 4, .growth = 0.08}}, large{{.base_period = 4, .growth = 0.2}};
  EXPECT_EQ(preview(small, rate, 40000, 4).rounds, 4011);
  EXPECT_EQ(preview(large, rate, 40000, 4).rounds, 612);
}

TEST(PowerRule, WithExponentTwoIsTheQuadraticRule) {
  const LearningRate rate({.peak = 0.008, .warmup_steps = 100}, 5000);
  PowerRule power{{.base_period = 4, .growth = 0.02, .exponent = 2, .warmup_steps = 100}};
  QuadraticRule quadratic{{.base_period = 4, .growth = 0.02, .warmup_steps = 100}};
  EXPECT_EQ(preview(power, rate, 5000, 4).all_rounds, preview(quadratic, rate, 5000, 4).all_rounds);
}

}  // namespace
}  // namespace muster
