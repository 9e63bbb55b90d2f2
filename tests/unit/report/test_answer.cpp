#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/report/answer.h"
#include "muster/report/result_table.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Seeds {
  std::string name;
  std::vector<double> accuracies;
  int64_t rounds;
};

std::vector<ArmResult> results(const std::vector<Seeds>& arms,
                               const std::optional<Network>& network = std::nullopt) {
  std::vector<Arm> made;
  for (const Seeds& arm : arms) {
    made.push_back({arm.name, {}});
    for (const double accuracy : arm.accuracies)
      made.back().runs.push_back(
          some_run(arm.name, static_cast<int64_t>(made.back().runs.size()) + 1, accuracy, arm.rounds));
  }
  return arm_results(made, network);
}

std::string told(const std::vector<ArmResult>& arms, const std::optional<Network>& network = std::nullopt) {
  return answer(arms, Quality::accuracy, network).text();
}

TEST(Answer, AClearLeadIsCalledSo) {
  // Differences of 0.10, 0.10 and 0.09: mean 0.0967, and 9.925 times its standard error 0.00333 is 0.0331.
  const std::string text = told(results({{"a", {0.80, 0.81, 0.82}, 100}, {"b", {0.70, 0.71, 0.73}, 20}}));
  EXPECT_THAT(text, HasSubstr("a has the best test accuracy: 81.00 % ± 1.00 (mean and spread of 3 seeds)."));
  EXPECT_THAT(
      text,
      HasSubstr(
          "b is 9.67 points behind; the 99 % interval of that difference over 3 seeds is 6.36 to 12.97."));
  EXPECT_THAT(
      text,
      HasSubstr(
          "The least communication of all has b: 19.5 KiB per worker in 20 rounds, 20 % of the bytes of a"));
}

TEST(Answer, ALeadThatMayBeChanceIsNoWin) {
  const std::string text = told(results({{"a", {0.70, 0.74}, 100}, {"b", {0.72, 0.71}, 20}}));
  EXPECT_THAT(text, AllOf(HasSubstr("No clear winner"), HasSubstr("so the order may be chance"),
                          Not(HasSubstr("best test accuracy:"))));
  EXPECT_THAT(text, HasSubstr("Within the spread of the best, b communicates least"));
}

TEST(Answer, OneSeedClaimsNothing) {
  const std::string text = told(results({{"a", {0.9}, 10}, {"b", {0.1}, 5}}));
  EXPECT_THAT(text, AllOf(HasSubstr("in a single seed"), HasSubstr("the spread is unknown"),
                          Not(HasSubstr("Within the spread"))));
}

// More than one standard deviation of the differences (0.005 and 0.025), and far from 99 %.
TEST(Answer, TwoSeedsSettleLittle) {
  EXPECT_THAT(told(results({{"a", {0.80, 0.83}, 5}, {"b", {0.79, 0.80}, 20}})),
              AllOf(HasSubstr("No clear winner"), HasSubstr("over 2 seeds is -61.66 to 65.66"),
                    HasSubstr("a also communicates least")));
}

TEST(Answer, EqualValuesAndSingleArms) {
  EXPECT_THAT(told(results({{"a", {0.5}, 5}, {"b", {0.5}, 5}})),
              HasSubstr("b has exactly the same value as a."));
  EXPECT_THAT(told(results({{"a", {0.5}, 5}})),
              HasSubstr("a reaches a test accuracy of 50.00 %, sending 4.88 KiB per worker in 5 rounds."));
  EXPECT_THAT(told(results({{"a", {0.5}, 1}})), HasSubstr("in 1 round."));
  auto open = results({{"a", {0.5}, 5}});
  open[0].finished = false;
  EXPECT_THAT(told(open), HasSubstr("No run has finished yet"));
}

TEST(Answer, TheNetworkNamesTheFastest) {
  const Network network{1e5, 0};
  const std::string text = told(results({{"a", {0.8}, 100}, {"b", {0.7}, 20}}, network), network);
  EXPECT_THAT(text, HasSubstr("joined by 100 Kbit/s and 0 µs, b would train in about"));
}

TEST(ResultTable, FiguresOfEachArm) {
  const Network network{1e6, 0};
  auto arms = results({{"a", {0.8, 0.9}, 4}, {"b", {0.5, 0.5}, 2}}, network);
  const ResultTable table = quality_table(arms, Quality::accuracy, network);
  EXPECT_EQ(table.headings.size(), table.rows[0].size());
  EXPECT_EQ(table.rows[0][1], "85.00 % ± 7.07");
  EXPECT_EQ(table.rows[0][3], "4");
  EXPECT_EQ(table.rows[0][5], "3.91 KiB");
  EXPECT_EQ(table.rows[0].back(), "1.00x");
  EXPECT_EQ(quality_table(arms, Quality::loss, std::nullopt).headings[1], "test loss");
  EXPECT_EQ(time_table(arms).rows[1][2], "2.0 s (50.0 %)");
  arms[1].unfinished = 1;
  EXPECT_EQ(time_table(arms).rows[1][0], "b (2 of 3 seeds)");
  EXPECT_THAT(table_text(table), HasSubstr("85.00 % ± 7.07"));
}

// A loss of a text and an accuracy of images say nothing beside each other.
TEST(Answer, NoRunIsBetterThanOneOfAnotherTask) {
  std::vector<Arm> arms;
  for (const char* task : {"markov", "generated"})
    for (const char* name : {"a", "b"}) {
      arms.push_back({std::string(task) + "-" + name, {}});
      for (int64_t seed = 1; seed <= 3; ++seed) {
        RunHistory run =
            some_run(arms.back().name, seed, *name == 'a' ? 0.8 : 0.7 + 0.001 * static_cast<double>(seed));
        set_configuration(run, {{"task.name", task}, {"run.workers", "2"}, {"run.threads", "2"}});
        arms.back().runs.push_back(std::move(run));
      }
    }
  const auto mixed = arm_results(arms, std::nullopt);
  EXPECT_FALSE(is_one_task(mixed));
  EXPECT_EQ(best_arm(mixed, Quality::loss), std::nullopt);
  EXPECT_EQ(cheapest_near_best(mixed, Quality::loss), std::nullopt);
  EXPECT_THAT(told(mixed), AllOf(HasSubstr("These runs are of 2 tasks, which cannot be compared"),
                                 HasSubstr("On markov: markov-a has the best test loss"),
                                 HasSubstr("On generated: generated-a has the best test accuracy")));
  // An unfinished run of another task compares with nothing yet.
  arms.resize(2);
  RunHistory begun = some_run("c", 1, 0.5);
  set_configuration(begun, {{"task.name", "cifar10"}});
  begun.finished = false;
  arms.push_back({"c", {begun}});
  EXPECT_TRUE(is_one_task(arm_results(arms, std::nullopt)));
}

TEST(Answer, SharesAreWrittenAsPeopleWriteThem) {
  EXPECT_EQ(share_text(0.159), "15.9 %");
  EXPECT_EQ(share_text(1), "100 %");
  EXPECT_EQ(share_text(0.99999), "100 %");
  EXPECT_EQ(share_text(12.5), "1,250 %");
}

}  // namespace
}  // namespace muster
