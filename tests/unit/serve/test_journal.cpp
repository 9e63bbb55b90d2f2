// A disk that stalls, fails or is full: who waits, who shares a flush, and what nobody is told.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/serve/coordinator.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/small_server.h"
#include "tests/unit/serve/fake_disk.h"

namespace muster {
namespace {

using test::contribution_to;
using test::small_coordinator;
using test::soon;

template <class T>
bool is_there(std::future<T>& answer, int milliseconds = 0) {
  return answer.wait_for(std::chrono::milliseconds(milliseconds)) == std::future_status::ready;
}

class StallingDisk : public ::testing::Test {
 protected:
  std::future<ContributionReply> hand_in(Coordinator& coordinator, const MemberIdentity& who,
                                         const Assignment& round, double by = 1) {
    return std::async(std::launch::async, [this, &coordinator, who, round, by] {
      return coordinator.hand_in(who, contribution_to(round, by, elements_), 64);
    });
  }
  /// So many workers with a round each.
  void join(Coordinator& coordinator, int count) {
    for (int worker = 0; worker < count; ++worker) {
      members_.push_back(coordinator.join("a", std::nullopt, std::nullopt));
      rounds_.push_back(coordinator.next_round(members_.back(), soon()).assignment);
    }
  }
  /// Waits until the server has decided on so many, on the disk or not.
  static void wait_for_version(Coordinator& coordinator, int64_t version) {
    while (coordinator.status().version < version) std::this_thread::yield();
  }

  const test::TemporaryFolder folder_;
  test::FakeDisk disk_;
  int64_t elements_ = 8;
  std::vector<MemberIdentity> members_;
  std::vector<Assignment> rounds_;
};

TEST_F(StallingDisk, MakesNobodyWaitWhoIsToldNothingNew) {
  const auto coordinator = small_coordinator(folder_.path(), {.lease = 0.2});
  join(*coordinator, 2);
  disk_.stall("events-");
  auto answer = hand_in(*coordinator, members_[0], rounds_[0]);
  ASSERT_TRUE(disk_.wait_for_stalled());
  for (int look = 0; look < 30; ++look) {  // longer than the lease
    coordinator->look();
    EXPECT_EQ(coordinator->status().version, 1);
    EXPECT_TRUE(coordinator->beat(members_[0], 1).known);
    EXPECT_TRUE(coordinator->beat(members_[1], 1).known);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(is_there(answer));
  EXPECT_TRUE(coordinator->take_ended_rounds().empty()) << "it is not on the disk";
  disk_.go_on();
  EXPECT_EQ(answer.get().verdict, Verdict::counted);
  EXPECT_EQ(coordinator->take_ended_rounds().size(), 1U);
}

TEST_F(StallingDisk, NothingIsToldThatFollowsFromWhatIsNotOnIt) {
  const auto coordinator = small_coordinator(folder_.path(), {.lease = 1e6});
  join(*coordinator, 3);
  disk_.stall("events-");
  const auto later = [](auto call) { return std::async(std::launch::async, call); };
  auto counted = hand_in(*coordinator, members_[0], rounds_[0]);
  wait_for_version(*coordinator, 1);
  auto leaves = later([&] { return coordinator->leave(members_[1]), true; });
  while (coordinator->workers_present() > 2) std::this_thread::yield();
  auto round = later([&] { return coordinator->next_round(members_[0], soon()); });
  auto duplicate =
      later([&] { return coordinator->judge_early(members_[0], contribution_to(rounds_[0], 1)); });
  auto late = later([&] { return coordinator->judge_early(members_[1], contribution_to(rounds_[1], 1)); });
  auto unknown = later([&] { return coordinator->beat(members_[1], 1); });
  auto gone = later([&] { return coordinator->next_round(members_[1], soon()); });
  auto joins = later([&] { return coordinator->join("b", std::nullopt, std::nullopt); });
  auto present = later([&] { return coordinator->present(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_FALSE(is_there(counted));
  EXPECT_FALSE(is_there(leaves));
  EXPECT_FALSE(is_there(round)) << "it begins at the contribution";
  EXPECT_FALSE(is_there(duplicate)) << "as good as counted";
  EXPECT_FALSE(is_there(late));
  EXPECT_FALSE(is_there(unknown)) << "it would come back";
  EXPECT_FALSE(is_there(gone));
  EXPECT_FALSE(is_there(joins));
  EXPECT_FALSE(is_there(present));
  EXPECT_TRUE(coordinator->beat(members_[2], 1).known);
  disk_.go_on();
  EXPECT_EQ(counted.get().verdict, Verdict::counted);
  EXPECT_EQ(round.get().assignment.version, 1);
  EXPECT_EQ(duplicate.get()->verdict, Verdict::duplicate);
  EXPECT_EQ(late.get()->verdict, Verdict::too_late);
  EXPECT_FALSE(unknown.get().known);
  EXPECT_EQ(gone.get().answer, GivenRound::Answer::unknown);
  EXPECT_EQ(joins.get().worker, 1);
  EXPECT_EQ(present.get().version, 1);
}

TEST_F(StallingDisk, WarnsOfANormWhenItIsOnTheDisk) {
  const auto coordinator = std::make_unique<Coordinator>(
      test::small_server(8, 0), ServerFiles(folder_.path(), {{"run", "small"}}, true),
      CoordinatorOptions{.total_steps = 1000});
  join(*coordinator, 1);
  for (int round = 0; round < 10; ++round) {
    coordinator->hand_in(members_[0], contribution_to(rounds_[0], 0.1), 64);
    rounds_[0] = coordinator->next_round(members_[0], soon()).assignment;
  }
  disk_.stall("events-");
  auto answer = hand_in(*coordinator, members_[0], rounds_[0], 1e30);
  wait_for_version(*coordinator, 11);
  EXPECT_TRUE(coordinator->take_messages().empty());
  disk_.go_on();
  EXPECT_EQ(answer.get().verdict, Verdict::counted);
  EXPECT_EQ(coordinator->take_messages().size(), 1U);
}

TEST_F(StallingDisk, ManyContributionsShareOneFlush) {
  constexpr int workers = 9;
  const auto coordinator = small_coordinator(folder_.path());
  join(*coordinator, workers);
  disk_.reset();
  disk_.stall("events-");
  std::vector<std::future<ContributionReply>> answers;
  answers.push_back(hand_in(*coordinator, members_[0], rounds_[0]));
  ASSERT_TRUE(disk_.wait_for_stalled());
  for (size_t worker = 1; worker < workers; ++worker)
    answers.push_back(hand_in(*coordinator, members_[worker], rounds_[worker]));
  wait_for_version(*coordinator, workers);
  EXPECT_FALSE(is_there(answers[0]));
  disk_.go_on();
  for (auto& answer : answers) EXPECT_EQ(answer.get().verdict, Verdict::counted);
  EXPECT_EQ(disk_.count(""), 2) << "the first one's, and one for the eight that came meanwhile";
  for (size_t worker = 0; worker < workers; ++worker)  // their rounds were on the disk with them
    EXPECT_EQ(coordinator->next_round(members_[worker], soon()).answer, GivenRound::Answer::round);
  EXPECT_EQ(disk_.count(""), 2);
}

TEST_F(StallingDisk, TheEndIsToldWhenItIsOnTheDisk) {
  const auto coordinator = small_coordinator(folder_.path(), {.total_steps = 4});
  join(*coordinator, 1);
  disk_.stall("events-");
  auto answer = hand_in(*coordinator, members_[0], rounds_[0]);
  ASSERT_TRUE(disk_.wait_for_stalled());
  while (coordinator->local_steps() < 4) std::this_thread::yield();
  EXPECT_FALSE(coordinator->finished());
  EXPECT_FALSE(coordinator->beat(members_[0], 4).finished);
  EXPECT_FALSE(coordinator->status().finished);
  disk_.go_on();
  EXPECT_TRUE(answer.get().finished);
  EXPECT_TRUE(coordinator->finished());
}

TEST_F(StallingDisk, IsWaitedForSoLongOnly) {
  const auto coordinator = small_coordinator(folder_.path(), {.disk_patience = 0.1});
  join(*coordinator, 1);
  disk_.stall("events-");
  EXPECT_THROW(coordinator->hand_in(members_[0], contribution_to(rounds_[0], 1), 64), LostPeer);
  disk_.go_on();
  EXPECT_EQ(coordinator->hand_in(members_[0], contribution_to(rounds_[0], 1), 64).verdict,
            Verdict::duplicate);
}

TEST_F(StallingDisk, AFailedFlushIsTheEnd) {
  const auto coordinator = small_coordinator(folder_.path());
  join(*coordinator, 1);
  disk_.fail(true);
  EXPECT_THROW(coordinator->hand_in(members_[0], contribution_to(rounds_[0], 1), 64), FileError);
  disk_.fail(false);  // a later one would lie
  EXPECT_THROW(coordinator->hand_in(members_[0], contribution_to(rounds_[0], 1), 64), FileError);
  EXPECT_THROW(coordinator->look(), FileError);
  EXPECT_THROW(coordinator->save(), FileError);
}

// The disk is full in the middle of a group: nobody of it is told that he was counted, and what was
// acknowledged before is there.
TEST_F(StallingDisk, AFullDiskAcknowledgesNobodyOfAGroup) {
  constexpr size_t workers = 6;
  elements_ = 4096;  // the limit is every file's: the mark, of 8 kB, fits
  {
    const auto coordinator = small_coordinator(folder_.path(), {}, elements_);
    join(*coordinator, workers);
    EXPECT_EQ(hand_in(*coordinator, members_[0], rounds_[0]).get().verdict, Verdict::counted);
    rounds_[0] = coordinator->next_round(members_[0], soon()).assignment;
    disk_.stall("events-");
    std::vector<std::future<ContributionReply>> answers;
    answers.push_back(hand_in(*coordinator, members_[0], rounds_[0]));
    ASSERT_TRUE(disk_.wait_for_stalled());
    // Room for two of the next group's five.
    const auto size = std::filesystem::file_size(folder_ / "events-00000000");
    const test::FileSizeLimit limit(size + 5 * 8 * static_cast<uint64_t>(elements_) / 2);
    for (size_t worker = 1; worker < workers; ++worker)
      answers.push_back(hand_in(*coordinator, members_[worker], rounds_[worker]));
    wait_for_version(*coordinator, 1 + workers);
    disk_.go_on();
    EXPECT_EQ(answers[0].get().verdict, Verdict::counted) << "of the group before";
    for (size_t worker = 1; worker < workers; ++worker) EXPECT_THROW(answers[worker].get(), FileError);
    EXPECT_THROW(coordinator->finished(), FileError);
    EXPECT_THROW(coordinator->beat(members_[0], 1), FileError);
  }
  const auto again = small_coordinator(folder_.path(), {}, elements_);
  EXPECT_GE(again->versions_found(), 2);
  for (size_t worker = 0; worker < workers; ++worker) {
    const Verdict verdict =
        again->hand_in(members_[worker], contribution_to(rounds_[worker], 1, elements_), 64).verdict;
    EXPECT_TRUE(verdict == Verdict::counted || verdict == Verdict::duplicate);
    if (worker == 0) {
      EXPECT_EQ(verdict, Verdict::duplicate);
    }
  }
  EXPECT_EQ(again->present().version, 1 + static_cast<int64_t>(workers)) << "each once";
}

}  // namespace
}  // namespace muster
