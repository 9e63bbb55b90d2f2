#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/report/arm_result.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;

Arm arm(const std::string& name, const std::vector<double>& accuracies, int64_t rounds = 4) {
  Arm made{name, {}};
  int64_t seed = 1;
  for (const double accuracy : accuracies) made.runs.push_back(some_run(name, seed++, accuracy, rounds));
  return made;
}

TEST(ArmResult, MeanAndSampleDeviation) {
  const auto three = mean_and_spread({1, 2, 6});
  EXPECT_DOUBLE_EQ(three->mean, 3);
  EXPECT_DOUBLE_EQ(*three->spread, std::sqrt(7.0));  // (4 + 1 + 9) / 2
  EXPECT_FALSE(mean_and_spread({5})->spread);
  EXPECT_FALSE(mean_and_spread({}));
  EXPECT_THROW(arm_result({"none", {}}), Bug);
}

TEST(ArmResult, OnlyFinishedRunsCount) {
  Arm some = arm("qsr", {0.5, 0.7, 0.9});
  some.runs[1].finished = false;
  const ArmResult result = arm_result(some);
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.unfinished, 1);
  EXPECT_EQ(result.seeds, (std::vector<int64_t>{1, 3}));
  EXPECT_DOUBLE_EQ(result.accuracy->mean, 0.7);
  for (RunHistory& run : some.runs) run.finished = false;
  EXPECT_FALSE(arm_result(some).finished);
  EXPECT_EQ(arm_result(some).seeds.size(), 3u);
}

// The seeds differ by 10 points, the arms by 1 in each: the lead is 1 point with no spread.
TEST(ArmResult, ALeadIsMeasuredSeedBySeed) {
  const auto results = arm_results({arm("a", {0.61, 0.71}), arm("b", {0.60, 0.70})}, std::nullopt);
  const MeanSpread by = lead(results[0], results[1], Quality::accuracy);
  EXPECT_NEAR(by.mean, 0.01, 1e-12);
  EXPECT_NEAR(*by.spread, 0, 1e-12);
  EXPECT_NEAR(lead(results[0], results[1], Quality::loss).mean, 0.01, 1e-12);  // a lower loss is ahead
}

TEST(ArmResult, UnequalSeedsAreComparedByTheirSpreads) {
  const auto results = arm_results({arm("a", {0.6, 0.8}), arm("b", {0.5, 0.6, 0.7})}, std::nullopt);
  const MeanSpread by = lead(results[0], results[1], Quality::accuracy);
  EXPECT_NEAR(by.mean, 0.1, 1e-12);
  EXPECT_NEAR(*by.spread, std::sqrt(0.02 + 0.01), 1e-12);
}

TEST(ArmResult, BestAndCheapestThatKeepsUp) {
  // b is 1 point behind a, in one seed ahead: within the spread; c is far behind and cheapest.
  const auto results = arm_results(
      {arm("a", {0.70, 0.72}, 100), arm("b", {0.71, 0.69}, 20), arm("c", {0.5, 0.52}, 5)}, std::nullopt);
  EXPECT_EQ(best_arm(results, Quality::accuracy), 0u);
  EXPECT_EQ(cheapest_near_best(results, Quality::accuracy), 1u);
  const auto single = arm_results({arm("a", {0.7}, 100), arm("b", {0.69}, 20)}, std::nullopt);
  EXPECT_EQ(cheapest_near_best(single, Quality::accuracy), 0u);  // no spread is known, so nobody is within it
}

TEST(ArmResult, UnfinishedArmsCannotBeBest) {
  Arm open = arm("open", {0.9});
  open.runs[0].finished = false;
  const auto results = arm_results({open, arm("done", {0.6})}, std::nullopt);
  EXPECT_EQ(best_arm(results, Quality::accuracy), 1u);
  EXPECT_FALSE(best_arm(arm_results({open}, std::nullopt), Quality::accuracy));
}

TEST(ArmResult, TextIsJudgedByItsLoss) {
  Arm text = arm("a", {0.3});
  EXPECT_EQ(quality_of({text}), Quality::accuracy);
  text.runs[0].configuration = {{"task.name", "markov"}};
  EXPECT_EQ(quality_of({text}), Quality::loss);
  Arm silent = arm("a", {0.3});
  silent.runs[0].totals.final_test_accuracy.reset();
  EXPECT_EQ(quality_of({silent}), Quality::loss);
}

// Steps of the same work take the median of what they took anywhere: here 0.2 s a step instead of 0.1 and
// 0.9.
TEST(ArmResult, PredictionsShareTheMedianStepOfTheSameWork) {
  const Network network{1e6, 0};
  std::vector<Arm> arms = {arm("a", {0.5}), arm("b", {0.5}), arm("c", {0.5})};
  double seconds[] = {2, 4, 18};  // with 20 steps of 2 workers on 2 threads
  for (size_t i = 0; i < arms.size(); ++i) arms[i].runs[0].totals.seconds.compute = seconds[i];
  for (Arm& one : arms) one.runs[0].totals.seconds.data = 0;
  auto results = arm_results(arms, network);
  for (const ArmResult& result : results) EXPECT_NEAR(result.predicted->compute, 4, 1e-12);
  EXPECT_NEAR(results[0].predicted->communication, 4 * 8 * 1000 / 1e6, 1e-12);
  set_configuration(arms[2].runs[0], {{"run.workers", "2"}, {"run.threads", "2"}, {"task.model", "another"}});
  results = arm_results(arms, network);
  EXPECT_NEAR(results[0].predicted->compute, 3, 1e-12);
  EXPECT_NEAR(results[2].predicted->compute, 18, 1e-12);
  EXPECT_FALSE(arm_results(arms, std::nullopt)[0].predicted);
}

}  // namespace
}  // namespace muster
