// Snapshots beside the events that go on, and what a crash leaves between any two flushes.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "muster/serve/coordinator.h"
#include "muster/serve/snapshot.h"
#include "tests/support/small_server.h"
#include "tests/unit/serve/fake_disk.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using test::contribution_to;
using test::small_coordinator;
using test::soon;

Verdict one_round(Coordinator& coordinator, const MemberIdentity& who, double by) {
  const GivenRound given = coordinator.next_round(who, soon());
  EXPECT_EQ(given.answer, GivenRound::Answer::round);
  coordinator.fetched(who, given.assignment.sequence, 64);
  return coordinator.hand_in(who, contribution_to(given.assignment, by), 64).verdict;
}

class SnapshotBeside : public ::testing::Test {
 protected:
  const test::TemporaryFolder folder_, copies_;
  test::FakeDisk disk_;
};

TEST_F(SnapshotBeside, EventsGoOnWhileItIsWritten) {
  Vector end;
  MemberIdentity who;
  {
    const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 2}, 8, false);
    who = coordinator->join("a", std::nullopt, std::nullopt);
    disk_.stall("snapshot-");
    for (int round = 0; round < 2; ++round) one_round(*coordinator, who, 0.1 + round);
    ASSERT_TRUE(disk_.wait_for_stalled());
    for (int round = 2; round < 12; ++round)
      EXPECT_EQ(one_round(*coordinator, who, 0.1 + round), Verdict::counted);
    EXPECT_TRUE(coordinator->beat(who, 1).known);
    EXPECT_EQ(coordinator->status().version, 12);
    EXPECT_EQ(ServerFileNames(folder_.path()).journals(), (std::vector<int64_t>{0, 1}))
        << "one copy at a time";
    EXPECT_EQ(ServerFileNames(folder_.path()).snapshots(), (std::vector<int64_t>{0}));
    test::FakeDisk::copy(folder_.path(), copies_ / "killed", false);
    disk_.go_on();
    end = coordinator->present().parameters;
  }
  const State snapshot = read_snapshot(folder_ / "snapshot-00000001");
  EXPECT_EQ(snapshot.numbers.integer("server.version"), 2) << "of the state at the rotation";
  fs::remove(folder_ / "snapshot-00000000");
  fs::remove(folder_ / "events-00000000");
  for (const std::string& path : {folder_.path(), copies_ / "killed"}) {
    const auto again = small_coordinator(path);
    EXPECT_EQ(again->versions_found(), 12) << path;
    EXPECT_TRUE(same_bits(again->present().parameters, end)) << path;
    EXPECT_TRUE(again->take_messages().empty()) << path;
  }
}

TEST_F(SnapshotBeside, ASecondOneWaitsForTheFirst) {
  const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 1}, 8, false);
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  disk_.stall("snapshot-");
  one_round(*coordinator, who, 1);
  ASSERT_TRUE(disk_.wait_for_stalled());
  auto saved = std::async(std::launch::async, [&] { coordinator->save(); });
  EXPECT_EQ(saved.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  EXPECT_TRUE(coordinator->beat(who, 1).known);
  disk_.go_on();
  saved.get();
  EXPECT_EQ(read_snapshot(folder_ / "snapshot-00000002").numbers.integer("server.version"), 1);
  EXPECT_EQ(ServerFileNames(folder_.path()).snapshots(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(ServerFileNames(folder_.path()).journals(), (std::vector<int64_t>{1, 2}));
}

TEST_F(SnapshotBeside, AFailedOneIsTheEnd) {
  const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 1});
  const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
  fs::create_directory(folder_ / "snapshot-00000001");  // in its way
  one_round(*coordinator, who, 1);
  EXPECT_THROW(
      for (;;) {
        coordinator->look();
        std::this_thread::yield();
      },
      FileError);
}

/// A run of 14 contributions, whose folder is kept at every flush: as the end of the process and as a loss of
/// power would leave it.
class EveryFlush : public SnapshotBeside {
 protected:
  struct Copy {
    std::string path;
    int64_t acknowledged = 0;  // before it was made
  };

  void run() {
    const auto coordinator = small_coordinator(folder_.path(), {.snapshot_every = 3}, 8, false);
    std::atomic<int64_t> acknowledged = 0;
    disk_.tell([&] {
      for (const bool flushed : {false, true}) {
        const int64_t before = acknowledged;
        made_.push_back({copies_ / std::to_string(made_.size()), before});
        test::FakeDisk::copy(folder_.path(), made_.back().path, flushed);
      }
    });
    std::vector<MemberIdentity> members;
    for (const char* name : {"a", "b"})
      members.push_back(coordinator->join(name, std::nullopt, std::nullopt));
    parameters_[0] = coordinator->present().parameters;
    for (int round = 0; round < 14; ++round) {
      ASSERT_EQ(one_round(*coordinator, members[round % 2], 0.1 * (round + 1)), Verdict::counted);
      acknowledged = round + 1;
      parameters_[round + 1] = coordinator->present().parameters;
      if (round == 6) coordinator->leave(members[0]);
      if (round == 6) members[0] = coordinator->join("c", std::nullopt, std::nullopt);
    }
    coordinator->save();
    disk_.tell({});
  }

  std::vector<Copy> made_;
  std::map<int64_t, Vector> parameters_;  // by version
};

TEST_F(EveryFlush, LeavesEverythingAcknowledged) {
  run();
  EXPECT_GT(made_.size(), 100U);
  std::set<std::string> kinds;  // which snapshots and journals were there together
  for (const Copy& copy : made_) {
    const ServerFileNames names(copy.path);
    std::string kind;
    for (const int64_t number : names.snapshots()) kind += "s" + std::to_string(number);
    for (const int64_t number : names.journals()) kind += "e" + std::to_string(number);
    kinds.insert(kind);
    SCOPED_TRACE(copy.path + ": " + kind);
    for (int time = 0; time < 2; ++time) {  // what it writes itself is as good
      const auto again = small_coordinator(copy.path, {}, 8, false);
      EXPECT_GE(again->versions_found(), copy.acknowledged);
      EXPECT_TRUE(same_bits(again->present().parameters, parameters_[again->versions_found()]));
    }
  }
  EXPECT_TRUE(kinds.contains("s0e0e1")) << "rotated, and no snapshot yet";
  EXPECT_TRUE(kinds.contains("s0s1e0e1e2"));
  EXPECT_TRUE(kinds.contains("s1s2e1e2")) << "older ones removed";
}

TEST(ManyThreads, AreCountedOnceEachInOneOrder) {
  constexpr int workers = 8, rounds = 25;
  const test::TemporaryFolder folder;
  Vector end;
  {
    const auto coordinator = small_coordinator(folder.path(), {.snapshot_every = 10});
    std::vector<std::thread> threads;
    for (int worker = 0; worker < workers; ++worker)
      threads.emplace_back([&, worker] {
        const MemberIdentity who = coordinator->join("a", std::nullopt, std::nullopt);
        for (int round = 0; round < rounds; ++round)
          EXPECT_EQ(one_round(*coordinator, who, 0.01 * (worker + 1) / (round + 1)), Verdict::counted);
      });
    for (auto& thread : threads) thread.join();
    const auto present = coordinator->present();
    EXPECT_EQ(present.version, workers * rounds);
    end = present.parameters;
    EXPECT_EQ(coordinator->take_ended_rounds().size(), static_cast<size_t>(workers * rounds));
  }
  const auto history = ServerHistory::from_beginning(ServerFileNames(folder.path()),
                                                     to_text({{"run", "small"}}), Recovery::strict);
  AsyncServer server = test::small_server();
  server.restore(history->snapshot().part_of("server"));
  std::set<std::pair<int64_t, int64_t>> counted;
  while (const auto event = history->next()) {
    server.apply(*event);
    const auto* const one = std::get_if<Contribution>(&*event);
    EXPECT_TRUE(one == nullptr || counted.emplace(one->worker, one->sequence).second);
  }
  EXPECT_EQ(counted.size(), static_cast<size_t>(workers * rounds));
  EXPECT_TRUE(same_bits(server.parameters(), end)) << "the order of the journal is that of the outer steps";
}

}  // namespace
}  // namespace muster
