#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/app/options/change_of_length.h"
#include "muster/app/options/resolve.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> changes(std::vector<Setting> settings) {
  settings.push_back({"run.steps", "2000"});
  return change_of_length(catalogue, resolve(catalogue, std::nullopt, settings), 1000, 2000, 1000);
}

TEST(ChangeOfLength, SaysOnlyTheLengthWhereNothingDependsOnIt) {
  EXPECT_THAT(changes({{"learning_rate.shape", "constant"}, {"schedule.rule", "constant"}}),
              ElementsAre("the run had 1,000 steps and gets 2,000; 1,000 are done"));
}

TEST(ChangeOfLength, SaysTheRateHereBeforeAndNow) {
  const auto lines = changes({{"learning_rate.peak", "0.1"}, {"schedule.rule", "constant"}});
  ASSERT_EQ(lines.size(), 2U);
  // Half of a cosine from 0.1 to 1e-6.
  EXPECT_THAT(lines[1],
              HasSubstr("shape = cosine follows the length of the run: the rate at step 1,000 is 0.05, "
                        "and would have been 1e-06; it falls to 1e-06 at step 2,000"));
}

TEST(ChangeOfLength, SaysWhereARateStopsToFall) {
  const auto lines = changes(
      {{"learning_rate.peak", "0.1"}, {"learning_rate.hold_from", "500"}, {"schedule.rule", "constant"}});
  // After a quarter of the cosine from 0.1 to 1e-6 it stays at 0.0854; before, it stayed at half of it.
  EXPECT_THAT(lines.at(1),
              HasSubstr("the rate at step 1,000 is 0.0854, and would have been 0.05; it falls to "
                        "0.0854 at step 500"));
}

TEST(ChangeOfLength, SaysTheNextRoundOfRulesThatFollow) {
  const auto by_rate = changes({{"schedule.rule", "qsr"}, {"schedule.growth", "0.401"}});
  ASSERT_EQ(by_rate.size(), 3U);
  EXPECT_THAT(by_rate[2], HasSubstr("qsr follows the rate: the next round has 64 steps")) << "(0.4 / 0.05)^2";
  const auto theory =
      changes({{"schedule.rule", "theory"}, {"learning_rate.shape", "constant"}, {"run.workers", "4"}});
  ASSERT_EQ(theory.size(), 2U);
  EXPECT_THAT(theory[1], HasSubstr("theory follows the length of the run: the next round has 3 steps"))
      << "sqrt(2000 / (4 x 32))";
  EXPECT_THAT(changes({{"schedule.rule", "adaptive"}, {"learning_rate.shape", "constant"}})[1],
              HasSubstr("samples the first 0.25 of the run, now 2,000 steps"));
}

}  // namespace
}  // namespace muster
