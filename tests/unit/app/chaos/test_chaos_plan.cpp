#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "muster/app/chaos/chaos_plan.h"
#include "muster/app/chaos/chaos_report.h"
#include "muster/base/error.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

ChaosOptions everything() {
  ChaosOptions options;
  options.seed = 5;
  options.ranks = 4;
  options.min_workers = 2;
  options.deadline = 4;
  options.kills = 200;
  options.pairs = 30;
  options.stops = 40;
  options.slows = 30;
  options.cuts = 20;
  options.every = 3;
  return options;
}

TEST(ChaosPlan, IsAFunctionOfTheSeed) {
  ChaosOptions options = everything();
  const auto plan = plan_chaos(options);
  EXPECT_EQ(plan, plan_chaos(options));
  options.seed = 6;
  EXPECT_NE(plan, plan_chaos(options));
}

TEST(ChaosPlan, HasSoManyOfEachKind) {
  std::map<DisturbanceKind, int> count;
  int pairs = 0, apart = 0, in_meeting = 0;
  for (const Disturbance& one : plan_chaos(everything())) {
    ++count[one.kind];
    const bool pair = one.ranks.size() == 2;
    pairs += pair ? 1 : 0;
    apart += one.gap > 0 ? 1 : 0;
    in_meeting += one.in_meeting ? 1 : 0;
    EXPECT_TRUE(one.kind == DisturbanceKind::kill || (!pair && !one.in_meeting));
  }
  EXPECT_EQ(count[DisturbanceKind::kill], 200);
  EXPECT_EQ(count[DisturbanceKind::stop], 40);
  EXPECT_EQ(count[DisturbanceKind::slow], 30);
  EXPECT_EQ(count[DisturbanceKind::cut], 20);
  EXPECT_EQ(pairs, 30);
  EXPECT_EQ(apart, 15);
  EXPECT_EQ(in_meeting, 57) << "every third of 170";
}

TEST(ChaosPlan, DrawsRanksEvenlyAndTwoThatDiffer) {
  std::map<int, int> hits;
  int all = 0;
  for (const Disturbance& one : plan_chaos(everything())) {
    EXPECT_EQ(std::set<int>(one.ranks.begin(), one.ranks.end()).size(), one.ranks.size());
    for (const int rank : one.ranks) {
      EXPECT_GE(rank, 0);
      EXPECT_LT(rank, 4);
      ++hits[rank];
      ++all;
    }
  }
  EXPECT_EQ(all, 320);
  for (int rank = 0; rank < 4; ++rank) EXPECT_NEAR(hits[rank], 80, 4 * 7.7) << "4 standard deviations";
}

TEST(ChaosPlan, PausesHaveTheMeanAndSleepsTheLengthAskedFor) {
  ChaosOptions options = everything();
  double sum = 0;
  for (const Disturbance& one : plan_chaos(options)) {
    EXPECT_GE(one.pause, 0);
    sum += one.pause;
    if (one.kind == DisturbanceKind::slow) {
      EXPECT_NEAR(one.seconds, 3.5, 1.5);
    } else {
      EXPECT_DOUBLE_EQ(one.seconds, one.kind == DisturbanceKind::kill ? 0 : 6) << "1.5 deadlines";
    }
  }
  EXPECT_NEAR(sum / options.disturbances(), 3, 4 * 3 / std::sqrt(290.0));
  options.stop_seconds = 9;
  for (const Disturbance& one : plan_chaos(options))
    EXPECT_EQ(one.seconds == 9, one.kind == DisturbanceKind::stop || one.kind == DisturbanceKind::cut);
}

TEST(ChaosPlan, MixesTheKinds) {
  const auto plan = plan_chaos(everything());
  const auto kills_of_a_hundred = std::count_if(plan.begin(), plan.begin() + 100, [](const Disturbance& one) {
    return one.kind == DisturbanceKind::kill;
  });
  EXPECT_NEAR(static_cast<double>(kills_of_a_hundred), 69, 4 * 3.8);
}

std::string refusal(const ChaosOptions& options) {
  try {
    plan_chaos(options);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(ChaosPlan, RefusesWhatCannotBeSurvived) {
  ChaosOptions options = everything();
  options.min_workers = 4;
  EXPECT_THAT(refusal(options), HasSubstr("--min-workers = 4: the run must be elastic"));
  options = everything();
  options.min_workers = 3;
  EXPECT_THAT(refusal(options), HasSubstr("--pairs = 30: two of 4 ranks less"));
  options = everything();
  options.pairs = 201;
  EXPECT_THAT(refusal(options), HasSubstr("at most --kills 200"));
  options = everything();
  options.stop_seconds = 4;
  EXPECT_THAT(refusal(options), HasSubstr("longer than the launcher's --deadline 4"));
  EXPECT_THAT(refusal(ChaosOptions{}), HasSubstr("nothing would be disturbed"));
}

ChaosEvidence good_run() {
  ChaosEvidence evidence;
  evidence.folder = "runs/chaos-1";
  evidence.planned = 1;
  DisturbanceResult one;
  one.planned = plan_chaos(everything()).front();
  one.ranks = {2};
  one.recovery = 0.5;
  one.limit = 12;
  one.back = 2;
  evidence.disturbances = {one};
  evidence.finished = true;
  evidence.steps = 100;
  evidence.expected_steps = 100;
  evidence.loss = 1.0;
  return evidence;
}

std::vector<std::string> not_held(const ChaosEvidence& evidence) {
  std::vector<std::string> names;
  for (const ChaosCheck& check : judge_chaos(evidence))
    if (!check.held) names.push_back(check.name);
  return names;
}

TEST(ChaosReport, NamesWhatDidNotHold) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  EXPECT_THAT(not_held(good_run()), IsEmpty());
  ChaosEvidence evidence = good_run();
  evidence.planned = 2;
  EXPECT_THAT(not_held(evidence), ElementsAre("survived"));
  evidence = good_run();
  evidence.disturbances.front().fault = "too late";
  EXPECT_THAT(not_held(evidence), ElementsAre("survived"));
  evidence = good_run();
  evidence.steps = 99;
  EXPECT_THAT(not_held(evidence), ElementsAre("steps complete"));
  evidence = good_run();
  evidence.differences = {"run.verify: layer 'fc1.weight' of the anchor differs between rank 1 and rank 0"};
  EXPECT_THAT(not_held(evidence), ElementsAre("replicas equal"));
  evidence = good_run();
  evidence.exit_code = 137;
  EXPECT_THAT(not_held(evidence), ElementsAre("exit code", "replicas equal"));
  evidence = good_run();
  evidence.baseline = {0.90, 0.91, 0.92};
  EXPECT_THAT(not_held(evidence), ElementsAre("loss"));
  evidence.loss.reset();
  EXPECT_THAT(not_held(evidence), ElementsAre("loss"));
}

TEST(ChaosReport, ALossIsWithinTheSpreadUpToThreeDeviationsOrTwoPercent) {
  const std::vector<double> wide = {1.0, 1.1, 1.2};  // mean 1.1, deviation 0.1
  EXPECT_TRUE(within_spread(1.39, wide));
  EXPECT_FALSE(within_spread(1.41, wide));
  EXPECT_TRUE(within_spread(0.2, wide)) << "better is good";
  EXPECT_TRUE(within_spread(1.0199, {1.0}));
  EXPECT_FALSE(within_spread(1.0201, {1.0}));
}

}  // namespace
}  // namespace muster
