// A server's files, damaged: recovered by falling back, or refused with what --recover would drop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/random.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/durable_mark.h"
#include "muster/serve/server_file_names.h"
#include "tests/support/small_server.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using test::contribution_to;
using test::small_coordinator;
using test::soon;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServerFolder : public ::testing::Test {
 protected:
  // Three snapshots' worth of contributions: 0 to 3 lie before the older one that is kept, 4 to 7 in its
  // journal, 8 and 9 in the newest.
  ServerFolder() {
    const auto coordinator = small_coordinator(original_.path(), {.snapshot_every = 1000}, 8, false);
    const MemberIdentity first = coordinator->join("a", std::nullopt, std::nullopt);
    const MemberIdentity second = coordinator->join("b", std::nullopt, std::nullopt);
    for (int round = 0; round < 5; ++round) {
      one_round(*coordinator, first, 0.1 + 0.01 * round);
      one_round(*coordinator, second, -0.3 - 0.01 * round);
      if (round == 1 || round == 3) coordinator->save();
    }
    end_ = coordinator->present().parameters;
    last_ = first;
    fresh();
  }

  static void one_round(Coordinator& coordinator, const MemberIdentity& who, double by) {
    const GivenRound given = coordinator.next_round(who, soon());
    ASSERT_EQ(given.answer, GivenRound::Answer::round);
    coordinator.fetched(who, given.assignment.sequence, 64);
    ASSERT_EQ(coordinator.hand_in(who, contribution_to(given.assignment, by), 64).verdict, Verdict::counted);
  }
  /// The folder as the server left it.
  void fresh() {
    fs::remove_all(folder_);
    fs::copy(original_.path(), folder_);
  }
  void change(const std::string& name, const std::function<void(std::string&)>& how) {
    std::string content = read_file(folder_ + "/" + name);
    how(content);
    write_file_atomically(folder_ + "/" + name, content);
  }
  void flip(const std::string& name, size_t at, int bit = 3) {
    change(name,
           [&](std::string& content) { content.at(at) = static_cast<char>(content.at(at) ^ (1 << bit)); });
  }

  struct Opened {
    std::string problem;
    std::vector<std::string> messages;
    int64_t versions = -1;
    bool same = false;  // bits as the server ended with
    Opened() = default;
  };
  Opened open(Recovery recovery = Recovery::strict) {
    Opened opened;
    try {
      const auto coordinator = small_coordinator(folder_, {.snapshot_every = 4}, 8, false, recovery);
      opened.messages = coordinator->take_messages();
      opened.versions = coordinator->versions_found();
      opened.same = same_bits(coordinator->present().parameters, end_);
      EXPECT_TRUE(coordinator->beat(last_, 1).known);
    } catch (const CheckpointError& problem) {
      opened.problem = problem.what();
    }
    return opened;
  }
  void expect_all(const Opened& opened) {
    EXPECT_EQ(opened.problem, "");
    EXPECT_EQ(opened.versions, 10);
    EXPECT_TRUE(opened.same);
  }

  const test::TemporaryFolder original_, place_;
  const std::string folder_ = place_ / "run";
  Vector end_;
  MemberIdentity last_;
};

TEST_F(ServerFolder, ComesBackWhole) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename().string());
  EXPECT_EQ(names, (std::set<std::string>{"durable", "events-00000001", "events-00000002",
                                          "snapshot-00000001", "snapshot-00000002"}));
  for (int time = 0; time < 3; ++time) {
    const Opened opened = open();
    expect_all(opened);
    EXPECT_THAT(opened.messages, IsEmpty());
  }
}

TEST_F(ServerFolder, ADamagedSnapshotCostsNothing) {
  flip("snapshot-00000002", 100);
  const Opened opened = open();
  expect_all(opened);
  EXPECT_THAT(opened.messages, ElementsAre(AllOf(HasSubstr("snapshot-00000002"),
                                                 HasSubstr("continuing from snapshot-00000001"))));
  const Opened again = open();
  expect_all(again);
  EXPECT_THAT(again.messages, IsEmpty()) << "a whole one was written";

  fresh();
  fs::remove(folder_ + "/snapshot-00000002");
  expect_all(open());
  fresh();
  change("snapshot-00000002", [](std::string& content) { content.resize(content.size() / 2); });
  expect_all(open());
  fresh();
  flip("snapshot-00000001", 100);  // not needed
  expect_all(open());
}

TEST_F(ServerFolder, WithoutAWholeSnapshotNothingIsInvented) {
  flip("snapshot-00000001", 100);
  flip("snapshot-00000002", 100);
  for (const Recovery recovery : {Recovery::strict, Recovery::drop_damaged}) {
    const Opened opened = open(recovery);
    EXPECT_THAT(opened.problem, AllOf(HasSubstr("snapshot-00000001"), HasSubstr("snapshot-00000002"),
                                      HasSubstr("no other snapshot")));
  }
}

TEST_F(ServerFolder, ADamagedVectorIsRefusedAndDroppedOnRequest) {
  const size_t size = fs::file_size(folder_ + "/events-00000002");
  std::string whole = read_file(folder_ + "/events-00000002");
  // The vector of a contribution: the 64 bytes of eight doubles.
  const double value = 0.14;
  const size_t at = whole.find(std::string(reinterpret_cast<const char*>(&value), sizeof value));
  ASSERT_LT(at, size);
  flip("events-00000002", at + 20);
  const Opened refused = open();
  EXPECT_THAT(refused.problem,
              AllOf(HasSubstr("events-00000002"), HasSubstr("vector of a contribution"),
                    HasSubstr("--recover"), HasSubstr("1 acknowledged contribution (round 4 of worker 0)")));
  EXPECT_THAT(refused.problem, ::testing::Not(HasSubstr("\n")));
  const Opened kept = open(Recovery::drop_damaged);
  EXPECT_EQ(kept.problem, "");
  EXPECT_EQ(kept.versions, 9);
  EXPECT_THAT(kept.messages,
              ElementsAre(HasSubstr("dropped 1 acknowledged contribution (round 4 of worker 0)"),
                          HasSubstr("of 10 contributions that were acknowledged, 9 are there")));
  const Opened again = open();
  EXPECT_EQ(again.problem, "");
  EXPECT_EQ(again.versions, 9);
}

TEST_F(ServerFolder, AMissingJournalIsAnError) {
  fs::remove(folder_ + "/events-00000002");
  const Opened refused = open();
  EXPECT_THAT(refused.problem, AllOf(HasSubstr("events-00000002' is missing"), HasSubstr("--recover")));
  EXPECT_FALSE(fs::exists(folder_ + "/events-00000002")) << "it does not begin anew";
  const Opened kept = open(Recovery::drop_damaged);
  EXPECT_EQ(kept.versions, 8);
  EXPECT_THAT(kept.messages.back(), HasSubstr("of 10 contributions that were acknowledged, 8 are there"));
  EXPECT_EQ(open().versions, 8);

  fresh();  // with its snapshot: nothing but the mark tells of them
  fs::remove(folder_ + "/events-00000002");
  fs::remove(folder_ + "/snapshot-00000002");
  EXPECT_THAT(open().problem, HasSubstr("events-00000002' is missing"));
  EXPECT_EQ(open(Recovery::drop_damaged).versions, 8);

  fresh();  // not needed while the newest snapshot is whole
  fs::remove(folder_ + "/events-00000001");
  expect_all(open());

  fresh();  // needed
  fs::remove(folder_ + "/events-00000001");
  flip("snapshot-00000002", 100);
  EXPECT_THAT(open().problem, HasSubstr("events-00000001' is missing"));
  EXPECT_EQ(open(Recovery::drop_damaged).versions, 4);
}

TEST_F(ServerFolder, OnlyWhatNobodyWasToldOfIsCutOffSilently) {
  change("events-00000002", [](std::string& content) { content += std::string(37, 'x'); });
  const Opened torn = open();
  expect_all(torn);
  EXPECT_THAT(torn.messages, ElementsAre(AllOf(HasSubstr("37 bytes"), HasSubstr("cut off"))));
  for (const size_t cut : {size_t{1}, size_t{100}, size_t{300}}) {
    fresh();
    change("events-00000002", [&](std::string& content) { content.resize(content.size() - cut); });
    EXPECT_THAT(open().problem, HasSubstr("--recover would")) << cut;
    EXPECT_EQ(open(Recovery::drop_damaged).problem, "") << cut;
    EXPECT_EQ(open().problem, "") << cut;
  }
  fresh();
  change("events-00000001", [](std::string& content) { content.resize(content.size() - 50); });
  expect_all(open());
  fresh();
  change("events-00000001", [](std::string& content) { content.resize(content.size() - 50); });
  flip("snapshot-00000002", 100);
  EXPECT_THAT(open().problem, HasSubstr("events-00000001"));
}

TEST_F(ServerFolder, WithoutTheMarkNothingIsSure) {
  flip("durable", 20);
  flip("durable", 4096 + 20);
  EXPECT_THAT(open().problem, AllOf(HasSubstr("durable"), HasSubstr("--recover")));
  expect_all(open(Recovery::drop_damaged));
  expect_all(open());
  fresh();
  fs::remove(folder_ + "/durable");
  EXPECT_THAT(open().problem, HasSubstr("durable' is missing"));
  expect_all(open(Recovery::drop_damaged));
  fresh();
  flip("durable", 4096 + 20);  // the other half is whole
  expect_all(open());
  fresh();
  flip("durable", 20);
  expect_all(open());
}

TEST_F(ServerFolder, OneRandomBitIsRecoveredOrRefused) {
  RandomStream random({.seed = 17});
  const std::vector<std::string> names = {"snapshot-00000001", "snapshot-00000002", "events-00000001",
                                          "events-00000002", "durable"};
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    fresh();
    const std::string& name = names[random.below(names.size())];
    const size_t at = random.below(fs::file_size(folder_ + "/" + name));
    flip(name, at, static_cast<int>(random.below(8)));
    SCOPED_TRACE(name + " at " + std::to_string(at));
    const Opened opened = open();
    if (opened.problem.empty()) {
      expect_all(opened);
      continue;
    }
    ++refused;
    EXPECT_THAT(opened.problem, AllOf(HasSubstr(name), HasSubstr("drop 1 acknowledged contribution (round")));
    const Opened kept = open(Recovery::drop_damaged);
    EXPECT_EQ(kept.problem, "");
    EXPECT_EQ(kept.versions, 9);
    EXPECT_EQ(open().versions, 9);
  }
  EXPECT_GT(refused, 0);
}

TEST_F(ServerFolder, GoesOnAfterEveryKindOfEnd) {
  // Between a new journal and its snapshot.
  fs::remove(folder_ + "/snapshot-00000002");
  write_file_atomically(folder_ + "/events-00000003.new", "mus");
  write_file_atomically(folder_ + "/snapshot-00000003.part", "MUSTERS2");
  expect_all(open());
  // Before the first snapshot.
  const test::TemporaryFolder young;
  small_coordinator(young.path());
  fs::remove(young / "snapshot-00000000");
  EXPECT_EQ(small_coordinator(young.path())->versions_found(), 0);
  const auto coordinator = small_coordinator(young.path());
  one_round(*coordinator, coordinator->join("a", std::nullopt, std::nullopt), 1);
}

TEST_F(ServerFolder, OfAnotherFormatIsRefused) {
  change("snapshot-00000002", [](std::string& content) { content.replace(0, 8, "MUSTERS1"); });
  try {
    small_coordinator(folder_);
    FAIL() << "a snapshot of 0.1.0 was taken";
  } catch (const DataError& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("0.1.0"));
  }
}

TEST(DurableMark, ComesBackAndOneHalfIsEnough) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "durable";
  EXPECT_FALSE(DurableMarkFile::read(path));
  {
    DurableMarkFile file(path);
    for (int64_t time = 1; time <= 5; ++time)
      file.write({time, 10 * time, static_cast<uint64_t>(time), time});
  }
  EXPECT_EQ(DurableMarkFile::read(path), (DurableMark{5, 50, 5, 5}));
  DurableMarkFile(path).write({6, 60, 6, 6});
  EXPECT_EQ(DurableMarkFile::read(path), (DurableMark{6, 60, 6, 6}));
  const std::string whole = read_file(path);
  for (size_t at = 0; at < 52; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file_atomically(path, damaged);
    EXPECT_EQ(DurableMarkFile::read(path), (DurableMark{5, 50, 5, 5})) << at;
  }
  write_file_atomically(path, "");
  EXPECT_THROW(DurableMarkFile::read(path), CheckpointError);
}

}  // namespace
}  // namespace muster
