// What the descriptions of the rules say agrees with what the rules do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/rules.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t steps = 400;

/// Every field that a rule needs, and a rate that falls.
Values needed() {
  Values values;
  values.set("switch_step", int64_t{101});
  values.set("pieces", "0:3,100:7");
  values.set("growth", 0.3);
  return values;
}

const Family<RuleKind>& rules() {
  static const Family<RuleKind> all = built_in_rules();
  return all;
}

RunFacts facts() { return {.learning_rate = {.warmup_steps = 10}, .workers = 4, .batch = 2}; }

std::vector<Round> rounds_of(const RuleKind& kind, const Values& values) {
  const LearningRate rate(facts().learning_rate, steps);
  const auto schedule = kind.make(values, facts());
  std::vector<Round> rounds;
  for (int64_t step = 0; step < steps; step += rounds.back().steps) {
    RoundStart start{.step = step, .total_steps = steps, .learning_rate = rate.at(step)};
    if (step > 0) {
      start.last_learning_rate = rate.at(step - 1);
      start.divergence = 1;
      start.round_loss = 1;
    }
    rounds.push_back(schedule->next_round(start));
  }
  return rounds;
}

TEST(Rules, AreTheTenOfTheDocuments) {
  EXPECT_THAT(built_in_rules().words(), ElementsAre("every_step", "constant", "post_local", "qsr", "power",
                                                    "adaptive", "loss", "piecewise", "swap", "theory"));
  EXPECT_EQ(built_in_rules().at("").name, "qsr");
}

TEST(Rules, ListenAsTheirSchedulesDo) {
  for (const RuleKind& kind : rules().all()) {
    const auto schedule = kind.make(needed(), facts());
    EXPECT_EQ(kind.wants_divergence, schedule->wants_divergence()) << kind.name;
    EXPECT_EQ(kind.wants_loss, schedule->wants_loss()) << kind.name;
  }
}

TEST(Rules, AverageGradientsWhereTheySaySo) {
  for (const RuleKind& kind : rules().all()) {
    const std::vector<Round> rounds = rounds_of(kind, needed());
    const auto gradients = [&](const Round& round) { return round.what == Average::gradients; };
    const bool some = std::any_of(rounds.begin(), rounds.end(), gradients);
    const bool all = std::all_of(rounds.begin(), rounds.end(), gradients);
    EXPECT_EQ(some, kind.averages_gradients()) << kind.name;
    EXPECT_EQ(all, kind.gradients == GradientMeetings::always) << kind.name;
  }
}

TEST(Rules, HaveOnePeriodWhereTheySaySo) {
  for (const RuleKind& kind : rules().all()) {
    if (!kind.one_period) continue;
    Values values = needed();
    values.set("base_period", int64_t{9});
    const std::vector<Round> rounds = rounds_of(kind, values);
    for (size_t i = 0; i + 1 < rounds.size(); ++i) EXPECT_EQ(rounds[i].steps, 9) << kind.name;
  }
}

TEST(Rules, ClosedFormsAreTheirWalks) {
  for (const RuleKind& kind : rules().all()) {
    if (!kind.closed_form) continue;
    for (const char* theory : {"stich", "khaled", "growing"}) {
      Values values = needed();
      values.set("theory", theory);
      const auto form = kind.closed_form(values, facts(), steps);
      if (!form) continue;  // growing
      int64_t step = 0;
      for (const Round& round : rounds_of(kind, values)) {
        const bool gradients = step < form->gradient_steps;
        EXPECT_EQ(round.steps, gradients ? 1 : std::min(form->period, steps - step))
            << kind.name << " " << step;
        EXPECT_EQ(round.what, gradients ? Average::gradients : Average::parameters) << kind.name;
        step += round.steps;
      }
    }
  }
}

TEST(Rules, RefuseWhatTheyLack) {
  for (const RuleKind& kind : rules().all()) {
    const bool needs = std::any_of(kind.uses.begin(), kind.uses.end(),
                                   [](const FieldUse& use) { return !use.needed.empty(); });
    if (needs)
      EXPECT_THROW(kind.check_needs("schedule", "rule", {}), OptionError) << kind.name;
    else
      EXPECT_NO_THROW(kind.check_needs("schedule", "rule", {})) << kind.name;
    EXPECT_NO_THROW(kind.check_needs("schedule", "rule", needed())) << kind.name;
  }
}

TEST(Rules, InWarmupDecidesOnTheRoundsThere) {
  const RuleKind kind = quadratic_rule();
  Values values;
  values.set("growth", 0.4);  // (0.4 / 0.1)^2 = 16 steps at the peak
  EXPECT_EQ(rounds_of(kind, values).front().steps, 4) << "base_period";
  values.set("in_warmup", "first_after");
  EXPECT_EQ(rounds_of(kind, values).front().steps, 16);
  values.set("in_warmup", "rule");
  EXPECT_EQ(rounds_of(kind, values).front().steps, steps) << "one endless round at the rate 1e-6";
}

TEST(Rules, GrowthIsThePeakWhereNothingIsSaid) {
  Values values;
  for (const RuleKind& kind : rules().all()) kind.fill(values, facts());
  EXPECT_EQ(values.given<double>("growth"), facts().learning_rate.peak);
}

TEST(Rules, CandidatesAreFewOrManyAndTheirNamesDiffer) {
  const std::vector<int64_t> periods = {2, 4, 8, 16};
  for (const int64_t settings : {5, 50}) {
    std::vector<std::string> names;
    for (const RuleKind& kind : rules().all()) {
      const Values given = needed();
      const auto candidates = kind.advice.candidates({.given = given,
                                                      .rule = "qsr",
                                                      .peak = 0.1,
                                                      .steps = 1000,
                                                      .settings = settings,
                                                      .periods = periods});
      EXPECT_FALSE(candidates.empty()) << kind.name;
      for (const Candidate& one : candidates) {
        names.push_back(one.name);
        EXPECT_NO_THROW(kind.make(one.values, facts())) << one.name;
      }
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  }
}

TEST(Rules, OnePeriodIsAdvisedWhereNothingElseIs) {
  std::vector<std::string> suited;
  for (const RuleKind& kind : rules().all())
    if (kind.advice.suits && kind.advice.suits({}) > 0) suited.push_back(kind.name);
  EXPECT_THAT(suited, ElementsAre("constant"));
  EXPECT_EQ(quadratic_rule().advice.suits({.rate_falls = true, .steps = 20'000}), 3);
  EXPECT_EQ(adaptive_rule().advice.suits({.rate_drops = true, .plain_sgd = true}), 2);
  EXPECT_THAT(every_step_rule().advice.risks({}), IsEmpty());
}

}  // namespace
}  // namespace muster
