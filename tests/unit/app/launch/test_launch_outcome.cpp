#include <gtest/gtest.h>

#include <csignal>

#include "muster/app/launch/launch_outcome.h"

namespace muster {
namespace {

using Next = LaunchOutcome::Next;

constexpr Ending well{0, false};
constexpr Ending failed{3, false};
constexpr Ending killed{128 + SIGKILL, true};

TEST(LaunchOutcome, AllWell) {
  LaunchOutcome outcome({.ranks = 2, .min_workers = 2});
  EXPECT_EQ(outcome.ended(0, well), Next::go_on);
  EXPECT_EQ(outcome.ended(1, well), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 0);
  EXPECT_FALSE(outcome.failed());
}

TEST(LaunchOutcome, TheFirstFailureEndsARunThatIsNotElastic) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 3});
  EXPECT_EQ(outcome.ended(1, killed), Next::end_all);
  EXPECT_EQ(outcome.ended(0, failed), Next::go_on) << "the others follow";
  EXPECT_EQ(outcome.ended(2, {128 + SIGTERM, false}), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 137);
}

TEST(LaunchOutcome, EvenOneThatStopsByItselfEndsIt) {
  LaunchOutcome outcome({.ranks = 2, .min_workers = 2});
  EXPECT_EQ(outcome.ended(1, {128 + SIGTERM, false}), Next::end_all);
  EXPECT_EQ(outcome.exit_code(), 143);
}

TEST(LaunchOutcome, AnElasticRunStartsAgainWithGrowingPauses) {
  LaunchOutcome outcome({.ranks = 2, .min_workers = 1, .restarts = 7});
  const double pauses[] = {0.5, 1, 2, 4, 8, 8, 8};
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(outcome.ended(1, i % 2 == 0 ? killed : failed), Next::start_again);
    EXPECT_EQ(outcome.restarts_of(1), i + 1);
    EXPECT_DOUBLE_EQ(outcome.pause(1), pauses[i]);
  }
  EXPECT_EQ(outcome.left(), 2);
  EXPECT_EQ(outcome.ended(1, failed), Next::go_on) << "without it";
  EXPECT_EQ(outcome.left(), 1);
  EXPECT_EQ(outcome.restarts_of(0), 0) << "each rank has its own";
  EXPECT_EQ(outcome.ended(0, killed), Next::start_again);
  EXPECT_EQ(outcome.ended(0, well), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 0);
}

TEST(LaunchOutcome, AnElasticRunFailsBelowItsLeastWorkers) {
  LaunchOutcome outcome({.ranks = 4, .min_workers = 3});
  EXPECT_EQ(outcome.ended(3, killed), Next::go_on);
  EXPECT_EQ(outcome.ended(0, failed), Next::end_all);
  EXPECT_EQ(outcome.left(), 2);
  EXPECT_EQ(outcome.exit_code(), 3);
}

TEST(LaunchOutcome, NothingComesBackIntoARunThatEnds) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 1, .restarts = 5});
  EXPECT_EQ(outcome.ended(0, well), Next::go_on);
  EXPECT_TRUE(outcome.closing());
  EXPECT_EQ(outcome.ended(1, killed), Next::go_on);
  EXPECT_EQ(outcome.ended(2, well), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 0);
}

TEST(LaunchOutcome, StoppingInGoodOrderIsNoDeath) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 1, .restarts = 5});
  EXPECT_EQ(outcome.ended(1, {128 + SIGTERM, false}), Next::go_on);
  EXPECT_TRUE(outcome.closing());
  EXPECT_EQ(outcome.ended(0, {128 + SIGTERM, false}), Next::go_on);
  EXPECT_EQ(outcome.ended(2, {128 + SIGTERM, false}), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 143);
  LaunchOutcome other({.ranks = 2, .min_workers = 1, .restarts = 5});
  EXPECT_EQ(other.ended(1, {128 + SIGTERM, true}), Next::start_again) << "a SIGTERM that it did not handle";
}

TEST(LaunchOutcome, WhoWasAskedToStopHasNotFailed) {
  for (const int signal : {SIGINT, SIGTERM}) {
    LaunchOutcome outcome({.ranks = 3, .min_workers = 1, .restarts = 5});
    outcome.stop_asked(signal);
    EXPECT_EQ(outcome.ended(0, {128 + signal, false}), Next::go_on);
    EXPECT_EQ(outcome.ended(1, killed), Next::go_on);
    EXPECT_EQ(outcome.ended(2, well), Next::go_on);
    EXPECT_EQ(outcome.exit_code(), 128 + signal);
  }
  LaunchOutcome outcome({.ranks = 1, .min_workers = 1});
  outcome.stop_asked(SIGTERM);
  outcome.ended(0, well);
  EXPECT_EQ(outcome.exit_code(), 0) << "it was done just then";
}

constexpr ResultNews due{.due = true};
constexpr ResultNews durable{.due = true, .durable = true};
constexpr ResultNews without{.due = true, .failed = true};

TEST(LaunchOutcome, EndingWellWithoutTheResultIsNoEnd) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 1, .restarts = 5});
  outcome.update_result(due);
  EXPECT_EQ(outcome.ended(1, well), Next::go_on);
  EXPECT_FALSE(outcome.closing());
  EXPECT_EQ(outcome.ended(0, killed), Next::start_again) << "who dies while the result is written comes back";
  EXPECT_EQ(outcome.ended(2, well), Next::go_on);
  EXPECT_EQ(outcome.ended(0, well), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 2);
  outcome.update_result(durable);
  EXPECT_EQ(outcome.exit_code(), 0);
}

TEST(LaunchOutcome, NothingFailsWhenTheResultIsDurable) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 3});
  outcome.update_result(durable);
  EXPECT_EQ(outcome.ended(0, well), Next::go_on);
  EXPECT_EQ(outcome.ended(1, killed), Next::go_on) << "a sleeper that was killed";
  EXPECT_EQ(outcome.ended(2, failed), Next::go_on);
  EXPECT_TRUE(outcome.closing());
  EXPECT_EQ(outcome.exit_code(), 0);
}

TEST(LaunchOutcome, WhereThereWillBeNoResultNobodyIsStartedAgain) {
  LaunchOutcome outcome({.ranks = 3, .min_workers = 1, .restarts = 5});
  outcome.update_result(without);
  EXPECT_EQ(outcome.ended(0, failed), Next::end_all);
  EXPECT_EQ(outcome.ended(1, killed), Next::go_on);
  EXPECT_EQ(outcome.ended(2, well), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 3);
}

TEST(LaunchOutcome, AnAbandonedRunHasFailed) {
  LaunchOutcome outcome({.ranks = 2, .min_workers = 1});
  EXPECT_EQ(outcome.ended(1, killed), Next::go_on);
  outcome.abandon();
  EXPECT_TRUE(outcome.failed());
  EXPECT_EQ(outcome.ended(0, killed), Next::go_on);
  EXPECT_EQ(outcome.exit_code(), 2);
}

TEST(LaunchOutcome, AskedToStopWithoutAResultIsNotWell) {
  LaunchOutcome outcome({.ranks = 1, .min_workers = 1});
  outcome.update_result(due);
  outcome.stop_asked(SIGTERM);
  outcome.ended(0, well);
  EXPECT_EQ(outcome.exit_code(), 2);
}

}  // namespace
}  // namespace muster
