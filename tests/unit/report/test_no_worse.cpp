// The verdict of muster compare --margin: Student's 99 % interval of the differences, seed by seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/report/answer.h"
#include "muster/report/no_worse.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Accuracies = std::vector<double>;

Arm some_arm(const std::string& name, const Accuracies& accuracies, int64_t rounds = 10) {
  Arm arm{name, {}};
  for (const double accuracy : accuracies)
    arm.runs.push_back(some_run(name, static_cast<int64_t>(arm.runs.size()) + 1, accuracy, rounds));
  return arm;
}

// Differences to `first` of -0.001 and -0.003 in turn: mean -0.002, standard deviation 0.00106904 for eight
// seeds, of which 3.4995 / sqrt(8) is half the interval's width.
const Accuracies first = {0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87};
const Accuracies close_by = {0.799, 0.807, 0.819, 0.827, 0.839, 0.847, 0.859, 0.867};
constexpr double half_width = 3.499483 * 0.00106904 / 2.8284271;

Decision verdict(const Accuracies& one, const Accuracies& other, double margin) {
  return no_worse(arm_results({some_arm("one", one), some_arm("other", other)}, std::nullopt),
                  Quality::accuracy, margin)
      .front()
      .verdict;
}

TEST(NoWorse, TheIntervalIsStudentsOverThePairs) {
  const auto arms = arm_results({some_arm("one", first), some_arm("other", close_by)}, std::nullopt);
  const auto lead = lead_interval(arms[1], arms[0], Quality::accuracy);
  ASSERT_TRUE(lead);
  EXPECT_EQ(lead->seeds, 8U);
  EXPECT_NEAR(lead->mean, -0.002, 1e-12);
  EXPECT_NEAR(lead->low, -0.002 - half_width, 1e-8);
  EXPECT_NEAR(lead->high, -0.002 + half_width, 1e-8);
}

TEST(NoWorse, HoldsIsRefutedOrUndecidedByWhereTheIntervalLies) {
  EXPECT_EQ(verdict(first, close_by, 1), Decision::holds);
  EXPECT_EQ(verdict(first, close_by, 0.2), Decision::undecided);
  EXPECT_EQ(verdict(first, close_by, 0.01), Decision::refuted);
  EXPECT_EQ(verdict(close_by, first, 0), Decision::holds) << "the arms exchanged";
}

TEST(NoWorse, SevenSeedsDecideNothing) {
  EXPECT_EQ(verdict({first.begin(), first.end() - 1}, {close_by.begin(), close_by.end() - 1}, 1),
            Decision::undecided);
}

TEST(NoWorse, OfALossLessIsBetter) {
  auto arms = arm_results({some_arm("one", first), some_arm("other", close_by)}, std::nullopt);
  for (ArmResult& arm : arms) {
    arm.losses = arm.accuracies;
    arm.loss = arm.accuracy;
  }
  EXPECT_EQ(no_worse(arms, Quality::loss, 0).front().verdict, Decision::holds);
  const ResultTable table = no_worse_table(arms, Quality::loss, 0.1);
  EXPECT_THAT(table.headings,
              ElementsAre("arm", "difference in loss", "99 % interval", "seeds", "no worse by 0.1"));
  EXPECT_THAT(table.rows.back(), ElementsAre("other", "-0.0020", "-0.0033 to -0.0007", "8", "holds"));
}

TEST(NoWorse, TheTableShowsPoints) {
  const auto arms = arm_results({some_arm("one", first), some_arm("other", close_by)}, std::nullopt);
  EXPECT_THAT(no_worse_table(arms, Quality::accuracy, 1).rows.back(),
              ElementsAre("other", "-0.20", "-0.33 to -0.07", "8", "holds"));
  EXPECT_EQ(margin_text(1, Quality::accuracy), "1 point");
  EXPECT_EQ(margin_text(0.5, Quality::accuracy), "0.5 points");
}

TEST(NoWorse, TheAnswerNamesTheVerdictsAndTheCheapestThatHolds) {
  Accuracies far;
  for (const double accuracy : first) far.push_back(accuracy - 0.1);
  const auto arms =
      arm_results({some_arm("one", first, 100), some_arm("other", close_by, 10), some_arm("far", far, 1)},
                  Network{1e5, 0});
  EXPECT_THAT(
      answer(arms, Quality::accuracy, Network{1e5, 0}, 1.0).text(),
      AllOf(
          HasSubstr("Compared with one, with a margin of 1 point of test accuracy: other is no worse; far is "
                    "worse."),
          HasSubstr("other communicates least"), HasSubstr("other would train in about")));
}

}  // namespace
}  // namespace muster
