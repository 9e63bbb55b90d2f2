#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/asynchronous/event_log.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/flat/arithmetic.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

Contribution some_contribution(int64_t sequence) {
  Contribution made;
  made.worker = 3;
  made.sequence = sequence;
  made.local_steps = 5;
  made.loss = 0.25;
  made.pseudo_gradient = uninitialised_vector(5, ElementType::float64);
  fill(made.pseudo_gradient, static_cast<double>(sequence));
  add(made.pseudo_gradient, test::counted(5, ElementType::float64));
  return made;
}

std::string text_of(const ServerEvent& event) {
  const EncodedEvent encoded = encode(event);
  return encoded.head + std::string(encoded.body_bytes());
}

class EventLog : public ::testing::Test {
 protected:
  EventLog() {
    EventLogWriter log(path_, "run 7", first_);
    ends_.push_back(log.position());
    for (const ServerEvent& event : events_) {
      log.append(event);
      ends_.push_back(log.position());
    }
    log.sync();
    whole_ = read_file(path_);
  }

  struct Read {
    std::vector<std::string> events;
    std::string problem;
    int64_t mended = 0, torn = 0;
    std::vector<LostEvent> lost;
    bool cut = false;
  };
  Read read(const std::string& content, const EventLogReading& reading = {}) {
    std::ofstream(path_, std::ios::binary) << content;
    Read result;
    try {
      EventLogReader log(path_, reading);
      EXPECT_EQ(log.identity(), "run 7");
      EXPECT_EQ(log.first(), first_);
      try {
        while (const auto event = log.next()) result.events.push_back(text_of(*event));
      } catch (const DataError& problem) {
        result.problem = problem.what();
      }
      result.mended = log.mended();
      result.torn = log.torn_bytes();
      result.lost = log.lost();
      result.cut = log.cut();
    } catch (const DataError& problem) {
      result.problem = problem.what();
    }
    return result;
  }
  std::vector<std::string> expected(size_t events) const {
    std::vector<std::string> texts;
    for (size_t i = 0; i < events; ++i) texts.push_back(text_of(events_[i]));
    return texts;
  }
  uint64_t all() const { return first_ + events_.size(); }

  const uint64_t first_ = 41;
  const std::vector<ServerEvent> events_ = {WorkerJoined{3, 1.5, 0.25, 77}, WorkersReleased{2},
                                            some_contribution(0),           WorkersReleased{3},
                                            some_contribution(1),           WorkerLeft{3, 9}};
  const test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "events";
  std::vector<int64_t> ends_;
  std::string whole_;
};

TEST_F(EventLog, ComesBack) {
  const Read found = read(whole_, {.promised = all()});
  EXPECT_EQ(found.events, expected(6));
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(found.mended, 0);
  EXPECT_EQ(found.torn, 0);
}

TEST_F(EventLog, WhatWasCutOffInWritingCountsAsNotWritten) {
  for (auto bytes = static_cast<size_t>(ends_[0]); bytes <= whole_.size(); ++bytes) {
    size_t left = 0;
    while (left + 1 < ends_.size() && ends_[left + 1] <= static_cast<int64_t>(bytes)) ++left;
    for (const std::string& behind : {std::string(), std::string(100, '\0'), std::string("rubbish")}) {
      // Where front and head are whole, a damaged copy of them costs nothing.
      if (!behind.empty() && static_cast<int64_t>(bytes) >= ends_[left] + 49) continue;
      const std::string content = whole_.substr(0, bytes) + behind;
      const Read found = read(content, {.promised = first_ + left});
      ASSERT_EQ(found.problem, "") << bytes;
      ASSERT_EQ(found.events, expected(left)) << bytes;
      ASSERT_EQ(found.torn, static_cast<int64_t>(content.size()) - ends_[left]);
      ASSERT_EQ(read(content).events, expected(left)) << "the same where nothing was promised";
    }
  }
}

TEST_F(EventLog, WhatWasPromisedAndIsCutOffIsDamage) {
  for (auto bytes = static_cast<size_t>(ends_[0]); bytes < whole_.size(); ++bytes) {
    const Read found = read(whole_.substr(0, bytes), {.promised = all()});
    EXPECT_NE(found.problem, "") << bytes;
    const Read kept = read(whole_.substr(0, bytes), {.promised = all(), .recover = true});
    ASSERT_EQ(kept.problem, "");
    ASSERT_TRUE(kept.cut);
    ASSERT_EQ(kept.events.size() + kept.lost.size(), 6U) << bytes;
    ASSERT_EQ(kept.events, expected(kept.events.size()));
  }
}

// Each bit in turn: what a record is (front and head) lies there twice; only a vector can be lost.
TEST_F(EventLog, OneBitFlippedAnywhereIsMendedOrFound) {
  int vectors = 0;
  for (size_t at = 0; at < whole_.size(); ++at)
    for (int bit = 0; bit < 8; bit += 3) {
      std::string damaged = whole_;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      const Read found = read(damaged, {.promised = all()});
      if (found.problem.empty()) {
        ASSERT_EQ(found.events, expected(6)) << at;
        ASSERT_EQ(found.mended, 1) << at;
        continue;
      }
      ASSERT_THAT(found.problem, HasSubstr("vector of a contribution")) << at;
      const Read kept = read(damaged, {.promised = all(), .recover = true});
      ASSERT_EQ(kept.events.size(), 6U) << at;
      ASSERT_EQ(kept.lost.size(), 1U) << at;
      ASSERT_FALSE(kept.cut);
      const size_t place = kept.lost[0].number - first_;
      const auto dropped = without_vector(encode(events_[place]).head);
      ASSERT_TRUE(dropped && kept.lost[0].contribution);
      for (size_t i = 0; i < 6; ++i)
        ASSERT_EQ(kept.events[i], i == place ? text_of(*dropped) : text_of(events_[i]));
      ++vectors;
    }
  EXPECT_EQ(vectors, 2 * 40 * 3);
}

TEST_F(EventLog, AnUnreadableEventIsTheEnd) {
  std::string damaged = whole_;
  for (int64_t at = ends_[1]; at < ends_[2]; ++at) damaged[static_cast<size_t>(at)] = '#';
  EXPECT_THAT(read(damaged, {.promised = all()}).problem, HasSubstr("event 42"));
  EXPECT_THAT(read(damaged).problem, HasSubstr("event 42")) << "sound ones follow it";
  const Read kept = read(damaged, {.promised = all(), .recover = true});
  EXPECT_EQ(kept.events, expected(1));
  EXPECT_TRUE(kept.cut);
  ASSERT_EQ(kept.lost.size(), 5U);
  EXPECT_FALSE(kept.lost[0].readable);
  EXPECT_TRUE(kept.lost[1].contribution && kept.lost[1].contribution->sequence == 0);
  EXPECT_TRUE(kept.lost[3].contribution && kept.lost[3].contribution->sequence == 1);
}

TEST_F(EventLog, OfOthersIsRefused) {
  std::ofstream(path_) << "something else, longer than the beginning of a file of events would be";
  EXPECT_THROW(EventLogReader{path_}, DataError);
  std::ofstream(path_) << "";
  EXPECT_THROW(EventLogReader{path_}, DataError);
  EXPECT_THROW(EventLogReader{folder_ / "missing"}, FileError);
  EXPECT_THROW(EventLogReader{folder_.path()}, FileError);
  EXPECT_THROW(EventLogWriter(folder_ / "no/where", ""), FileError);
  const Read old = read("muster events 1\n" + whole_.substr(16));
  EXPECT_THAT(old.problem, HasSubstr("0.1.0"));
}

TEST(EventLogReaderMemory, NoDescriptorLeaksWhereAFileIsRefused) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "events") << "muster events 2\n" << std::string(200, 'x');
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(EventLogReader{folder / "events"}, DataError);
    EXPECT_THROW(EventLogReader{folder.path()}, FileError);
  }
  EXPECT_EQ(open_files(), before);
}

}  // namespace
}  // namespace muster
