#include <gtest/gtest.h>

#include <filesystem>
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
  HandedIn one_round(TrainingDesk& desk, const Membership& who, double by) {
    const GivenRound given = desk.next_round(who, soon());
    EXPECT_EQ(given.answer, Answer::round);
    desk.fetched(who, given.assignment.sequence, 64);
    return desk.hand_in(who, contribution_to(given.assignment, by), 64);
  }

  const test::TemporaryFolder folder_;
};

TEST_F(Desk, CountsAContributionOnce) {
  const auto desk = small_desk(folder_.path());
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  ASSERT_EQ(given.answer, Answer::round);
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
  const at::Tensor after = desk->present().parameters;
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::duplicate);
    EXPECT_EQ(desk->judge_early(who, contribution_to(given.assignment, 1))->verdict, Verdict::duplicate);
  }
  EXPECT_TRUE(desk->present().parameters.equal(after));
  EXPECT_EQ(desk->present().version, 1);
  EXPECT_EQ(desk->status().counts.at("duplicate"), 6);
}

TEST_F(Desk, DropsWhatIsNotANumberOrTooLarge) {
  const auto desk = small_desk(folder_.path());
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  const at::Tensor before = desk->present().parameters;
  EXPECT_EQ(one_round(*desk, who, std::nan("")).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*desk, who, INFINITY).verdict, Verdict::not_finite);
  EXPECT_EQ(one_round(*desk, who, 1e6).verdict, Verdict::too_large);
  const GivenRound given = desk->next_round(who, soon());
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1, 9), 64).verdict, Verdict::wrong_shape);
  EXPECT_TRUE(desk->present().parameters.equal(before));
  EXPECT_EQ(desk->present().version, 0);
  EXPECT_EQ(desk->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(Desk, ComesBackWithEverythingAcknowledged) {
  Membership first, second;
  Assignment open;
  at::Tensor before;
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
  EXPECT_TRUE(desk->present().parameters.equal(before));
  EXPECT_TRUE(desk->beat(first, 1).known);
  EXPECT_EQ(desk->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::counted);
  EXPECT_EQ(desk->hand_in(first, contribution_to(open, 1), 64).verdict, Verdict::duplicate);
  EXPECT_EQ(desk->present().version, 11);
}

TEST_F(Desk, EveryEventLeadsToTheSameBits) {
  at::Tensor end;
  {
    const auto desk = small_desk(folder_.path(), {.snapshot_every = 4});
    const Membership who = desk->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 10; ++round) one_round(*desk, who, 1.0 / (1 + round));
    end = desk->present().parameters;
  }
  const WholeRecord record = whole_record(folder_.path());
  EXPECT_EQ(record.logs.size(), 3U);
  AsyncServer server = test::small_server();
  server.restore(record.beginning.part_of("server"));
  for (const auto& path : record.logs) {
    EventLogReader log(path);
    replay(log, server);
  }
  EXPECT_TRUE(server.parameters().equal(end));
}

TEST_F(Desk, KeepsOnlyWhatItNeeds) {
  const auto desk = small_desk(folder_.path(), {.snapshot_every = 2}, 8, false);
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  for (int round = 0; round < 10; ++round) one_round(*desk, who, 1);
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) ++files;
  EXPECT_EQ(files, 2);  // the newest snapshot and the log behind it
}

TEST_F(Desk, AFullDiskAcknowledgesNothing) {
  const auto desk = small_desk(folder_.path());
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  one_round(*desk, who, 1);
  const GivenRound given = desk->next_round(who, soon());
  {
    const test::FileSizeLimit limit(std::filesystem::file_size(folder_ / "events-00000000") + 20);
    EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);
  }
  EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);  // it has ended
  EXPECT_THROW(desk->next_round(who, soon()), FileError);
  const auto again = small_desk(folder_.path());
  EXPECT_EQ(again->versions_found(), 1);
  EXPECT_EQ(again->hand_in(who, contribution_to(given.assignment, 1), 64).verdict, Verdict::counted);
}

TEST_F(Desk, TellsTheRoundsThatEnded) {
  Membership who;
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
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  desk->look();
  EXPECT_FALSE(desk->beat(who, 1).known);
  const HandedIn late = desk->hand_in(who, contribution_to(given.assignment, 1), 64);
  EXPECT_EQ(late.verdict, Verdict::too_late);
  EXPECT_FALSE(late.member);
  const Membership back = desk->join("a", std::nullopt, who);
  EXPECT_EQ(back.worker, who.worker);
  EXPECT_NE(back.session, who.session);
  EXPECT_EQ(one_round(*desk, back, 1).verdict, Verdict::counted);
}

TEST_F(Desk, ARoundThatWasNotFetchedIsGivenAgain) {
  const auto desk = small_desk(folder_.path());
  const Membership who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound once = desk->next_round(who, soon()), twice = desk->next_round(who, soon());
  EXPECT_EQ(once.assignment, twice.assignment);
  EXPECT_EQ(once.start, twice.start);
  desk->fetched(who, once.assignment.sequence, 64);
  EXPECT_EQ(desk->next_round(who, soon()).answer, Answer::unknown);  // its start is gone
  const Membership back = desk->join("a", std::nullopt, who);
  EXPECT_EQ(desk->next_round(back, soon()).assignment.sequence, once.assignment.sequence + 1);
}

TEST_F(Desk, WaitsForTheFirstAndEndsAtTheLast) {
  const auto desk = small_desk(folder_.path(), {.total_steps = 12, .start_with = 2});
  const Membership a = desk->join("a", std::nullopt, std::nullopt);
  EXPECT_EQ(desk->next_round(a, soon()).answer, Answer::wait);
  const Membership b = desk->join("b", std::nullopt, std::nullopt);
  EXPECT_EQ(one_round(*desk, a, 1).finished, false);
  EXPECT_EQ(one_round(*desk, b, 1).finished, false);
  EXPECT_EQ(one_round(*desk, a, 1).finished, true);
  EXPECT_FALSE(desk->everybody_knows());
  EXPECT_EQ(desk->next_round(b, soon()).answer, Answer::finished);
  EXPECT_TRUE(desk->everybody_knows());
}

// A process may end between any two writes: behind a snapshot there may be no log yet, or half of one beside.
TEST_F(Desk, ComesBackFromBetweenASnapshotAndItsLog) {
  {
    const auto desk = small_desk(folder_.path(), {.snapshot_every = 2});
    const Membership who = desk->join("a", std::nullopt, std::nullopt);
    for (int round = 0; round < 2; ++round) one_round(*desk, who, 1);
  }
  std::filesystem::remove(folder_ / "events-00000001");
  write_file_atomically(folder_ / "events-00000001.new", "mus");
  write_file_atomically(folder_ / "snapshot-00000002.part", "MUSTERS1");
  const auto desk = small_desk(folder_.path());
  EXPECT_EQ(desk->versions_found(), 2);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "events-00000001"));
}

TEST_F(Desk, ComesBackFromATornEvent) {
  at::Tensor after_one;
  uintmax_t begin = 0;
  {
    const auto desk = small_desk(folder_.path());
    const Membership who = desk->join("a", std::nullopt, std::nullopt);
    one_round(*desk, who, 1);
    after_one = desk->present().parameters;
    begin = std::filesystem::file_size(folder_ / "events-00000000");
    one_round(*desk, who, 1);
  }
  const std::string whole = read_file(folder_ / "events-00000000");
  // Cut anywhere in the second contribution, as by a process that ends while it writes.
  for (const size_t bytes : {size_t{1}, size_t{23}, size_t{24}, size_t{60}, size_t{150}}) {
    write_file_atomically(folder_ / "events-00000000", whole.substr(0, begin + bytes));
    EXPECT_TRUE(small_desk(folder_.path())->present().parameters.equal(after_one)) << bytes;
    EXPECT_EQ(std::filesystem::file_size(folder_ / "events-00000000"), begin) << bytes;
  }
}

TEST_F(Desk, RefusesAnotherRunsFiles) {
  small_desk(folder_.path());
  EXPECT_THROW(TrainingDesk(test::small_server(), ServerFiles(folder_.path(), {{"run", "other"}}, true),
                            {.total_steps = 1}),
               CheckpointError);
  EXPECT_THROW(small_desk(folder_.path(), {}, 9), CheckpointError);
}

TEST_F(Desk, HasRoomForSoMany) {
  const auto desk = small_desk(folder_.path(), {.most_members = 2});
  desk->join("a", std::nullopt, std::nullopt);
  const Membership b = desk->join("b", std::nullopt, std::nullopt);
  EXPECT_THROW(desk->join("c", std::nullopt, std::nullopt), Error);
  desk->leave(b);
  EXPECT_EQ(desk->join("c", std::nullopt, std::nullopt).worker, b.worker);
}

}  // namespace
}  // namespace muster
