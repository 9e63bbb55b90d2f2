#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/coordinator.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/small_server.h"

namespace muster {
namespace {

using Answer = GivenRound::Answer;
using test::contribution_to;
using test::small_coordinator;
using test::soon;

class CoordinatorOfARun : public ::testing::Test {
 protected:
  /// A worker's next round, computed and handed in.
  ContributionReply one_round(Coordinator& coordinator, const MemberIdentity& who, double by) {
    const GivenRound given = coordinator.next_round(who, soon());
    EXPECT_EQ(given.answer, Answer::round);
    coordinator.fetched(who, given.assignment.sequence, 64);
    return coordinator.hand_in(who, contribution_to(given.assignment, by), 64);
  }

  const test::TemporaryFolder folder_;
};

TEST_F(CoordinatorOfARun, CountsAContributionOnce) {
  const auto coordinator = small_coordinator(folder_.path());
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  const GivenRound given = coordinator->next_round(who, soon());
  ASSERT_EQ(given.answer, Answer::round);
  EXPECT_EQ(coordinator->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
  const Vector after = coordinator->present().parameters;
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(coordinator->hand_in(who, contribution_to(given.assignment, 1), 64).verdict,
              Verdict::duplicate);
    EXPECT_EQ(coordinator->judge_early(who, contribution_to(given.assignment, 1))->verdict,
              Verdict::duplicate);
  }
  EXPECT_TRUE(same_bits(coordinator->present().parameters, after));
  EXPECT_EQ(coordinator->present().version, 1);
  EXPECT_EQ(coordinator->status().counts.at("duplicate"), 6);
}

TEST_F(CoordinatorOfARun, DropsWhatIsNotANumberOrTooLarge) {
  const auto coordinator = small_coordinator(folder_.path());
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  const Vector before = coordinator->present().parameters;
  EXPECT_EQ(one_round(*coordinator, who, std::nan("")).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*coordinator, who, INFINITY).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*coordinator, who, 1e6).verdict, Verdict::too_large);
  const GivenRound given = coordinator->next_round(who, soon());
  EXPECT_EQ(coordinator->hand_in(who, contribution_to(given.assignment, 1, 9), 64).verdict,
            Verdict::wrong_shape);
  EXPECT_TRUE(same_bits(coordinator->present().parameters, before));
  EXPECT_EQ(coordinator->present().version, 0);
  EXPECT_EQ(coordinator->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(CoordinatorOfARun, ComesBackWithEverythingAcknowledged) {
  MemberIdentity first, second;
  Assignment open;
  Vector before;
  {
    const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 3});
    first = coordinator->join("a", std::nullopt, std::nullopt);
    second = coordinator->join("b", std::nullopt, std::nullopt);
    for (int round = 0; round < 5; ++round) {
      one_round(*coordinator, first, 0.1 * round);
      one_round(*coordinator, second, -0.3 * round);
    }
    const GivenRound given = coordinator->next_round(first, soon());
    coordinator->fetched(first, given.assignment.sequence, 64);
    open = given.assignment;
    before = coordinator->present().parameters;
  }
  // Killed here, with a round under way.
  const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 3});
  EXPECT_EQ(coordinator->versions_found(), 10);
  EXPECT_TRUE(same_bits(coordinator->present().parameters, before));
  EXPECT_TRUE(coordinator->beat(first, 1).known);
  EXPECT_EQ(coordinator->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::counted);
  EXPECT_EQ(coordinator->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::duplicate);
  EXPECT_EQ(coordinator->present().version, 11);
}

TEST_F(CoordinatorOfARun, EveryEventLeadsToTheSameBits) {
  Vector end;
  {
    const auto coordinator = small_coordinator(folder_.path());
    const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 10; ++round) {
      one_round(*coordinator, who, 1.0 / (1 + round));
      if (round == 3 || round == 7) coordinator->save();
    }
    end = coordinator->present().parameters;
  }
  EXPECT_EQ(ServerFileNames(folder_.path()).journals().size(), 3U);
  for (int64_t newer = 1; newer < 3; ++newer)
    std::filesystem::remove(ServerFileNames(folder_.path()).snapshot(newer));
  const auto history = ServerFiles(folder_.path(), {{"run", "small"}}, true).history();
  EXPECT_EQ(history->base(), 0);
  AsyncServer server = test::small_server();
  server.restore(history->snapshot().part_of("server"));
  while (const auto event = history->next()) server.apply(*event);
  EXPECT_TRUE(same_bits(server.parameters(), end));
}

TEST_F(CoordinatorOfARun, KeepsTwoSnapshotsAndTheirJournals) {
  {
    const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 2}, 8, false);
    const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 10; ++round) one_round(*coordinator, who, 1);
    coordinator->save();
  }
  const std::vector<int64_t> kept = ServerFileNames(folder_.path()).snapshots();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1], kept[0] + 1);
  EXPECT_GE(kept[1], 2) << "one that came due by itself, and the one asked for";
  EXPECT_EQ(ServerFileNames(folder_.path()).journals(), kept);
}

TEST_F(CoordinatorOfARun, AFullDiskAcknowledgesNothing) {
  const auto coordinator = small_coordinator(folder_.path());
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  one_round(*coordinator, who, 1);
  const GivenRound given = coordinator->next_round(who, soon());
  {
    const test::FileSizeLimit limit(std::filesystem::file_size(folder_ / "events-00000000") + 20);
    EXPECT_THROW(coordinator->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);
  }
  EXPECT_THROW(coordinator->finished(), FileError);
  EXPECT_THROW(coordinator->hand_in(who, contribution_to(given.assignment, 1), 64),
               FileError);  // it has ended
  EXPECT_THROW(coordinator->next_round(who, soon()), FileError);
  const auto again = small_coordinator(folder_.path());
  EXPECT_EQ(again->versions_found(), 1);
  EXPECT_EQ(again->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(CoordinatorOfARun, TellsTheRoundsThatEnded) {
  MemberIdentity who;
  {
    const auto coordinator = small_coordinator(folder_.path());
    who = coordinator->join("a", std::nullopt, std::nullopt);
    one_round(*coordinator, who, 0.5);
    one_round(*coordinator, who, INFINITY);
    const auto lines = coordinator->take_ended_rounds();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].verdict, "counted");
    EXPECT_EQ(lines[1].verdict, "not_finite");
    EXPECT_TRUE(lines[0].loss && !lines[1].loss);
    EXPECT_EQ(lines[1].version, 1);
    for (const ArrivalLine& line : lines) {
      EXPECT_EQ(line.worker, who.worker);
      EXPECT_LE(line.ready, line.start);
      EXPECT_LE(line.start, line.received);
      EXPECT_LE(line.received, line.computed);
      EXPECT_LE(line.computed, line.arrived);
    }
    EXPECT_EQ(lines[1].ready, lines[0].arrived);
    EXPECT_TRUE(coordinator->take_ended_rounds().empty()) << "taken once";
  }
  const auto again = small_coordinator(folder_.path())->take_ended_rounds();
  ASSERT_EQ(again.size(), 2U) << "the log still tells of them";
  EXPECT_EQ(again[1].verdict, "not_finite");
}

TEST_F(CoordinatorOfARun, ForgetsWhoIsSilent) {
  const auto coordinator = small_coordinator(folder_.path(), {.lease = 0.05});
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  const GivenRound given = coordinator->next_round(who, soon());
  for (int look = 0; look < 20; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    coordinator->look();
  }
  EXPECT_FALSE(coordinator->beat(who, 1).known);
  const ContributionReply late = coordinator->hand_in(who, contribution_to(given.assignment, 1), 64);
  EXPECT_EQ(late.verdict, Verdict::too_late);
  EXPECT_FALSE(late.member);
  const MemberIdentity back = coordinator->join("a", std::nullopt, who);
  EXPECT_EQ(back.worker, who.worker);
  EXPECT_NE(back.session, who.session);
  EXPECT_EQ(one_round(*coordinator, back, 1).verdict, Verdict::counted);
}

TEST_F(CoordinatorOfARun, DoesNotTakeItsOwnStandstillForTheirs) {
  const auto coordinator = small_coordinator(folder_.path(), {.lease = 0.3});
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  coordinator->look();
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // as a process that is stopped
  coordinator->look();
  EXPECT_TRUE(coordinator->beat(who, 1).known);
}

TEST_F(CoordinatorOfARun, ARoundThatWasNotFetchedIsGivenAgain) {
  const auto coordinator = small_coordinator(folder_.path());
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  const GivenRound once = coordinator->next_round(who, soon()), twice = coordinator->next_round(who, soon());
  EXPECT_EQ(once.assignment, twice.assignment);
  EXPECT_EQ(once.start, twice.start);
  coordinator->fetched(who, once.assignment.sequence, 64);
  EXPECT_EQ(coordinator->next_round(who, soon()).answer, Answer::unknown);  // its start is gone
  const MemberIdentity back = coordinator->join("a", std::nullopt, who);
  EXPECT_EQ(coordinator->next_round(back, soon()).assignment.sequence, once.assignment.sequence + 1);
}

TEST_F(CoordinatorOfARun, WaitsForTheFirstAndEndsAtTheLast) {
  const auto coordinator = small_coordinator(folder_.path(), {.total_steps = 12, .start_with = 2});
  const MemberIdentity a = coordinator->join("a", std::nullopt, std::nullopt);
  EXPECT_EQ(coordinator->next_round(a, soon()).answer, Answer::wait);
  const MemberIdentity b = coordinator->join("b", std::nullopt, std::nullopt);
  EXPECT_EQ(one_round(*coordinator, a, 1).finished, false);
  EXPECT_EQ(one_round(*coordinator, b, 1).finished, false);
  EXPECT_EQ(one_round(*coordinator, a, 1).finished, true);
  EXPECT_FALSE(coordinator->end_announced());
  EXPECT_EQ(coordinator->next_round(b, soon()).answer, Answer::finished);
  EXPECT_TRUE(coordinator->end_announced());
}

TEST_F(CoordinatorOfARun, WaitsAfterTheEndForThoseWhoAreSlowToAsk) {
  const auto coordinator = small_coordinator(folder_.path(), {.total_steps = 4, .lease = 0.05});
  const MemberIdentity a = coordinator->join("a", std::nullopt, std::nullopt),
                       b = coordinator->join("b", std::nullopt, std::nullopt);
  EXPECT_EQ(one_round(*coordinator, a, 1).finished, true);
  for (int look = 0; look < 20; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    coordinator->look();
  }
  EXPECT_FALSE(coordinator->end_announced());
  EXPECT_TRUE(coordinator->beat(b, 1).finished);
  EXPECT_TRUE(coordinator->end_announced());
}

TEST_F(CoordinatorOfARun, RefusesAnotherRunsFiles) {
  small_coordinator(folder_.path());
  EXPECT_THROW(Coordinator(test::small_server(), ServerFiles(folder_.path(), {{"run", "other"}}, true),
                           {.total_steps = 1}),
               CheckpointError);
  EXPECT_THROW(small_coordinator(folder_.path(), {}, 9), CheckpointError);
}

TEST_F(CoordinatorOfARun, ASessionCannotBeGuessed) {
  std::set<int64_t> sessions;
  const auto coordinator = small_coordinator(folder_.path(), {.most_members = 100});
  const MemberIdentity victim = coordinator->join("victim", std::nullopt, std::nullopt);
  for (int other = 0; other < 50; ++other)
    sessions.insert(coordinator->join("other", std::nullopt, std::nullopt).session);
  EXPECT_EQ(sessions.size(), 50U);
  EXPECT_GT(*sessions.rbegin() / 2 - *sessions.begin() / 2, int64_t{1} << 55) << "spread over all 64 bits";
  for (int64_t guess = 0; guess < 200; ++guess) {
    coordinator->leave({victim.worker, guess});
    EXPECT_FALSE(coordinator->beat({victim.worker, guess}, 1).known);
    coordinator->leave({victim.worker, victim.session + 1 + guess});
  }
  EXPECT_TRUE(coordinator->beat(victim, 1).known);
  EXPECT_EQ(one_round(*coordinator, victim, 1).verdict, Verdict::counted);
}

TEST_F(CoordinatorOfARun, TellsWhyAContributionWasRefused) {
  const auto coordinator = std::make_unique<Coordinator>(
      test::small_server(8, 0, Outliers::refuse), ServerFiles(folder_.path(), {{"run", "small"}}, true),
      CoordinatorOptions{.total_steps = 1000});
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  for (int round = 0; round < 10; ++round) one_round(*coordinator, who, 0.1);
  const ContributionReply refused = one_round(*coordinator, who, 1e30);
  EXPECT_EQ(refused.verdict, Verdict::outlier);
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("running median 0.2828"));
  EXPECT_EQ(one_round(*coordinator, who, 0.1).verdict, Verdict::counted);
}

TEST_F(CoordinatorOfARun, WarnsOfUnusualNorms) {
  const auto coordinator = std::make_unique<Coordinator>(
      test::small_server(8, 0), ServerFiles(folder_.path(), {{"run", "small"}}, true),
      CoordinatorOptions{.total_steps = 1000});
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  for (int round = 0; round < 10; ++round) one_round(*coordinator, who, 0.1);
  EXPECT_TRUE(coordinator->take_messages().empty());
  EXPECT_EQ(one_round(*coordinator, who, 1e30).verdict, Verdict::counted);
  const auto messages = coordinator->take_messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages[0], ::testing::HasSubstr("async.outlier"));
}

TEST_F(CoordinatorOfARun, HasRoomForSoMany) {
  const auto coordinator = small_coordinator(folder_.path(), {.most_members = 2});
  coordinator->join("a", std::nullopt, std::nullopt);
  const MemberIdentity b = coordinator->join("b", std::nullopt, std::nullopt);
  EXPECT_THROW(coordinator->join("c", std::nullopt, std::nullopt), Error);
  coordinator->leave(b);
  EXPECT_EQ(coordinator->join("c", std::nullopt, std::nullopt).worker, b.worker);
}

}  // namespace
}  // namespace muster
