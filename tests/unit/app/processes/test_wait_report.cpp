#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/app/processes/wait_report.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr SteadyTime start{1000s};

Wait for_rank_two() {
  return {.whom = "rank 2", .where = "to form a group", .state = "2 are here", .since = start};
}

/// The seconds at which a line is due in so many.
std::vector<int> seconds_of_lines(WaitReport& report, const Wait& wait, int seconds) {
  std::vector<int> said;
  for (int second = 0; second <= seconds; ++second)
    if (report.due(wait, start + std::chrono::seconds(second))) said.push_back(second);
  return said;
}

TEST(WaitReport, SaysAWaitAfterTenSecondsAndThenSparsely) {
  WaitReport report;
  EXPECT_THAT(seconds_of_lines(report, for_rank_two(), 1500), ElementsAre(10, 30, 90, 270, 810, 1410));
}

TEST(WaitReport, NamesWhomWhereSinceWhenAndHowLongStill) {
  Wait wait = for_rank_two();
  wait.until = start + 120s;
  EXPECT_EQ(WaitReport().due(wait, start + 10s),
            "waiting for rank 2 to form a group (2 are here) for 10 s; gives up in 110 s");
  wait.optional = true;
  EXPECT_EQ(WaitReport().due(wait, start + 70s),
            "waiting for rank 2 to form a group (2 are here) for 70 s; continues without in 50 s");
  EXPECT_EQ(WaitReport().due(Wait{.whom = "rank 1", .where = "at a meeting", .since = start}, start + 10s),
            "waiting for rank 1 at a meeting for 10 s; without an end as long as it lives");
}

TEST(WaitReport, IsSilentWhereNobodyWaitsOrAnotherSaysIt) {
  WaitReport report;
  EXPECT_FALSE(report.due(std::nullopt, start + 100s));
  Wait wait = for_rank_two();
  wait.reported_elsewhere = true;
  EXPECT_FALSE(report.due(wait, start + 100s));
}

TEST(WaitReport, BeginsAnewWithAnotherThing) {
  WaitReport report;
  ASSERT_TRUE(report.due(for_rank_two(), start + 10s));
  ASSERT_FALSE(report.due(for_rank_two(), start + 15s));
  EXPECT_TRUE(report.due(Wait{.whom = "rank 1", .where = "at a meeting", .since = start}, start + 16s));
}

}  // namespace
}  // namespace muster
