#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/serve/training_desk.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/small_server.h"

namespace muster {
namespace {

using Answer = GivenRound::Answer;
using test::contribution_to;
using test::small_desk;
using test::soon;

class Desk : public ::testing::Test {
 protected:
  /// A worker's next round, computed and handed in.
  HandedIn one_round(TrainingDesk& desk, const MemberIdentity& who, double by) {
    const GivenRound given = desk.next_round(who, soon());
    EXPECT_EQ(given.answer, Answer::round);
    desk.fetched(who, given.assignment.sequence, 64);
    return desk.hand_in(who, contribution_to(given.assignment, by), 64);
  }

  const test::TemporaryFolder folder_;
};

TEST_F(Desk, CountsAContributionOnce) {
  const auto desk = small_desk(folder_.path());
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  ASSERT_EQ(given.answer, Answer::round);
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
  const Vector after = desk->present().parameters;
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::duplicate);
    EXPECT_EQ(desk->judge_early(who, contribution_to(given.assignment, 1))->verdict, Verdict::duplicate);
  }
  EXPECT_TRUE(same_bits(desk->present().parameters, after));
  EXPECT_EQ(desk->present().version, 1);
  EXPECT_EQ(desk->status().counts.at("duplicate"), 6);
}

TEST_F(Desk, DropsWhatIsNotANumberOrTooLarge) {
  const auto desk = small_desk(folder_.path());
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const Vector before = desk->present().parameters;
  EXPECT_EQ(one_round(*desk, who, std::nan("")).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*desk, who, INFINITY).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*desk, who, 1e6).verdict, Verdict::too_large);
  const GivenRound given = desk->next_round(who, soon());
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1, 9), 64).verdict, Verdict::wrong_shape);
  EXPECT_TRUE(same_bits(desk->present().parameters, before));
  EXPECT_EQ(desk->present().version, 0);
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(Desk, ComesBackWithEverythingAcknowledged) {
  MemberIdentity first, second;
  Assignment open;
  Vector before;
  {
    const auto desk = small_desk(folder_.path(), {.snapshot_every = 3});
    first = desk->join("a", std::nullopt, std::nullopt);
    second = desk->join("b", std::nullopt, std::nullopt);
    for (int round = 0; round < 5; ++round) {
      one_round(*desk, first, 0.1 * round);
      one_round(*desk, second, -0.3 * round);
    }
    const GivenRound given = desk->next_round(first, soon());
    desk->fetched(first, given.assignment.sequence, 64);
    open = given.assignment;
    before = desk->present().parameters;
  }
  // Killed here, with a round under way.
  const auto desk = small_desk(folder_.path(), {.snapshot_every = 3});
  EXPECT_EQ(desk->versions_found(), 10);
  EXPECT_TRUE(same_bits(desk->present().parameters, before));
  EXPECT_TRUE(desk->beat(first, 1).known);
  EXPECT_EQ(desk->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::counted);
  EXPECT_EQ(desk->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::duplicate);
  EXPECT_EQ(desk->present().version, 11);
}

TEST_F(Desk, EveryEventLeadsToTheSameBits) {
  Vector end;
  {
    const auto desk = small_desk(folder_.path(), {.snapshot_every = 4});
    const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 10; ++round) one_round(*desk, who, 1.0 / (1 + round));
    end = desk->present().parameters;
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

TEST_F(Desk, KeepsTwoSnapshotsAndTheirJournals) {
  {
    const auto desk = small_desk(folder_.path(), {.snapshot_every = 2}, 8, false);
    const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 10; ++round) one_round(*desk, who, 1);
    desk->save();
  }
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    names.insert(entry.path().filename().string());
  EXPECT_EQ(names, (std::set<std::string>{"durable", "events-00000005", "events-00000006",
                                          "snapshot-00000005", "snapshot-00000006"}));
}

TEST_F(Desk, AFullDiskAcknowledgesNothing) {
  const auto desk = small_desk(folder_.path());
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  one_round(*desk, who, 1);
  const GivenRound given = desk->next_round(who, soon());
  {
    const test::FileSizeLimit limit(std::filesystem::file_size(folder_ / "events-00000000") + 20);
    EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);
  }
  EXPECT_THROW(desk->finished(), FileError);
  EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);  // it has ended
  EXPECT_THROW(desk->next_round(who, soon()), FileError);
  const auto again = small_desk(folder_.path());
  EXPECT_EQ(again->versions_found(), 1);
  EXPECT_EQ(again->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(Desk, TellsTheRoundsThatEnded) {
  MemberIdentity who;
  {
    const auto desk = small_desk(folder_.path());
    who = desk->join("a", std::nullopt, std::nullopt);
    one_round(*desk, who, 0.5);
    one_round(*desk, who, INFINITY);
    const auto lines = desk->take_ended_rounds();
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
    EXPECT_TRUE(desk->take_ended_rounds().empty()) << "taken once";
  }
  const auto again = small_desk(folder_.path())->take_ended_rounds();
  ASSERT_EQ(again.size(), 2U) << "the log still tells of them";
  EXPECT_EQ(again[1].verdict, "not_finite");
}

TEST_F(Desk, ForgetsWhoIsSilent) {
  const auto desk = small_desk(folder_.path(), {.lease = 0.05});
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  for (int look = 0; look < 20; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    desk->look();
  }
  EXPECT_FALSE(desk->beat(who, 1).known);
  const HandedIn late = desk->hand_in(who, contribution_to(given.assignment, 1), 64);
  EXPECT_EQ(late.verdict, Verdict::too_late);
  EXPECT_FALSE(late.member);
  const MemberIdentity back = desk->join("a", std::nullopt, who);
  EXPECT_EQ(back.worker, who.worker);
  EXPECT_NE(back.session, who.session);
  EXPECT_EQ(one_round(*desk, back, 1).verdict, Verdict::counted);
}

TEST_F(Desk, DoesNotTakeItsOwnStandstillForTheirs) {
  const auto desk = small_desk(folder_.path(), {.lease = 0.3});
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  desk->look();
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // as a process that is stopped
  desk->look();
  EXPECT_TRUE(desk->beat(who, 1).known);
}

TEST_F(Desk, ARoundThatWasNotFetchedIsGivenAgain) {
  const auto desk = small_desk(folder_.path());
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound once = desk->next_round(who, soon()), twice = desk->next_round(who, soon());
  EXPECT_EQ(once.assignment, twice.assignment);
  EXPECT_EQ(once.start, twice.start);
  desk->fetched(who, once.assignment.sequence, 64);
  EXPECT_EQ(desk->next_round(who, soon()).answer, Answer::unknown);  // its start is gone
  const MemberIdentity back = desk->join("a", std::nullopt, who);
  EXPECT_EQ(desk->next_round(back, soon()).assignment.sequence, once.assignment.sequence + 1);
}

TEST_F(Desk, WaitsForTheFirstAndEndsAtTheLast) {
  const auto desk = small_desk(folder_.path(), {.total_steps = 12, .start_with = 2});
  const MemberIdentity a = desk->join("a", std::nullopt, std::nullopt);
  EXPECT_EQ(desk->next_round(a, soon()).answer, Answer::wait);
  const MemberIdentity b = desk->join("b", std::nullopt, std::nullopt);
  EXPECT_EQ(one_round(*desk, a, 1).finished, false);
  EXPECT_EQ(one_round(*desk, b, 1).finished, false);
  EXPECT_EQ(one_round(*desk, a, 1).finished, true);
  EXPECT_FALSE(desk->everybody_knows());
  EXPECT_EQ(desk->next_round(b, soon()).answer, Answer::finished);
  EXPECT_TRUE(desk->everybody_knows());
}

TEST_F(Desk, WaitsAfterTheEndForThoseWhoAreSlowToAsk) {
  const auto desk = small_desk(folder_.path(), {.total_steps = 4, .lease = 0.05});
  const MemberIdentity a = desk->join("a", std::nullopt, std::nullopt),
                       b = desk->join("b", std::nullopt, std::nullopt);
  EXPECT_EQ(one_round(*desk, a, 1).finished, true);
  for (int look = 0; look < 20; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    desk->look();
  }
  EXPECT_FALSE(desk->everybody_knows());
  EXPECT_TRUE(desk->beat(b, 1).finished);
  EXPECT_TRUE(desk->everybody_knows());
}

TEST_F(Desk, RefusesAnotherRunsFiles) {
  small_desk(folder_.path());
  EXPECT_THROW(TrainingDesk(test::small_server(), ServerFiles(folder_.path(), {{"run", "other"}}, true),
                            {.total_steps = 1}),
               CheckpointError);
  EXPECT_THROW(small_desk(folder_.path(), {}, 9), CheckpointError);
}

TEST_F(Desk, ASessionCannotBeGuessed) {
  std::set<int64_t> sessions;
  const auto desk = small_desk(folder_.path(), {.most_members = 100});
  const MemberIdentity victim = desk->join("victim", std::nullopt, std::nullopt);
  for (int other = 0; other < 50; ++other)
    sessions.insert(desk->join("other", std::nullopt, std::nullopt).session);
  EXPECT_EQ(sessions.size(), 50U);
  EXPECT_GT(*sessions.rbegin() / 2 - *sessions.begin() / 2, int64_t{1} << 55) << "spread over all 64 bits";
  for (int64_t guess = 0; guess < 200; ++guess) {
    desk->leave({victim.worker, guess});
    EXPECT_FALSE(desk->beat({victim.worker, guess}, 1).known);
    desk->leave({victim.worker, victim.session + 1 + guess});
  }
  EXPECT_TRUE(desk->beat(victim, 1).known);
  EXPECT_EQ(one_round(*desk, victim, 1).verdict, Verdict::counted);
}

TEST_F(Desk, TellsWhyAContributionWasRefused) {
  const auto desk = std::make_unique<TrainingDesk>(test::small_server(8, 0, Outliers::refuse),
                                                   ServerFiles(folder_.path(), {{"run", "small"}}, true),
                                                   DeskOptions{.total_steps = 1000});
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  for (int round = 0; round < 10; ++round) one_round(*desk, who, 0.1);
  const HandedIn refused = one_round(*desk, who, 1e30);
  EXPECT_EQ(refused.verdict, Verdict::outlier);
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("running median 0.2828"));
  EXPECT_EQ(one_round(*desk, who, 0.1).verdict, Verdict::counted);
}

TEST_F(Desk, WarnsOfUnusualNorms) {
  const auto desk = std::make_unique<TrainingDesk>(test::small_server(8, 0),
                                                   ServerFiles(folder_.path(), {{"run", "small"}}, true),
                                                   DeskOptions{.total_steps = 1000});
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  for (int round = 0; round < 10; ++round) one_round(*desk, who, 0.1);
  EXPECT_TRUE(desk->take_messages().empty());
  EXPECT_EQ(one_round(*desk, who, 1e30).verdict, Verdict::counted);
  const auto messages = desk->take_messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages[0], ::testing::HasSubstr("async.outlier"));
}

TEST_F(Desk, HasRoomForSoMany) {
  const auto desk = small_desk(folder_.path(), {.most_members = 2});
  desk->join("a", std::nullopt, std::nullopt);
  const MemberIdentity b = desk->join("b", std::nullopt, std::nullopt);
  EXPECT_THROW(desk->join("c", std::nullopt, std::nullopt), Error);
  desk->leave(b);
  EXPECT_EQ(desk->join("c", std::nullopt, std::nullopt).worker, b.worker);
}

}  // namespace
}  // namespace muster
