#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/stopwatch.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/checkpoint/state_file.h"
#include "muster/flat/arithmetic.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* files[] = {"model.safetensors", "state.safetensors", "state.json"};
constexpr const char* fingerprint = R"({"run":{"workers":4,"seed":1},"schedule":{"rule":"qsr"}})";

Vector all_of(int64_t size, int64_t value) {
  Vector vector = uninitialised_vector(size, ElementType::float32);
  fill(vector, static_cast<double>(value));
  return vector;
}

NamedTensors model_at(int64_t step) {
  return {{"z.weight", ShapedVector(all_of(6, step), {3, 2})}, {"a.bias", ShapedVector(test::counted(5))}};
}

State state_at(int64_t step) {
  State state;
  state.numbers.set("count", (int64_t{1} << 62) + step);
  state.numbers.set("loss", 0.1 * static_cast<double>(step));
  state.tensors["worker.0.momentum"] = all_of(7, step);
  return state;
}

void save(CheckpointStore& store, int64_t step) {
  store.save(step, model_at(step), state_at(step), fingerprint);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_checkpoint(const std::optional<Checkpoint>& found, int64_t step) {
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, step);
  EXPECT_EQ(found->state.numbers, state_at(step).numbers);
  ASSERT_EQ(found->model.size(), 2u);
  EXPECT_EQ(found->model[0].first, "z.weight");  // the order of saving
  for (size_t i = 0; i < found->model.size(); ++i) {
    const StoredTensor &there = found->model[i].second, saved = model_at(step)[i].second;
    EXPECT_EQ(there.type, saved.type);
    EXPECT_EQ(there.shape, saved.shape);
    EXPECT_TRUE(same_bits(there.content, saved.content));
  }
  ASSERT_EQ(found->state.tensors.size(), 1u);
  const ShapedVector& momentum = found->state.tensors.at("worker.0.momentum");
  EXPECT_EQ(momentum.shape, std::vector<int64_t>{7});
  EXPECT_TRUE(same_bits(momentum.values, state_at(step).tensors.begin()->second.values));
}

TEST(Checkpoint, ComesBackAsItWasSaved) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder / "checkpoints", 3);
  EXPECT_FALSE(store.latest().has_value());
  save(store, 1234);
  const auto found = store.latest();
  expect_checkpoint(found, 1234);
  EXPECT_FALSE(found->skipped_because.has_value());
  EXPECT_EQ(found->path, folder / "checkpoints/step-00001234");
  EXPECT_EQ(nlohmann::json::parse(found->fingerprint), nlohmann::json::parse(fingerprint));
  EXPECT_EQ(names_in(found->path),
            (std::vector<std::string>{"model.safetensors", "state.json", "state.safetensors"}));
}

TEST(Checkpoint, OldOnesArePruned) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 2);
  for (const int64_t step : {5, 10, 99999999, 100000000}) save(store, step);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"step-100000000", "step-99999999"}));
  expect_checkpoint(store.latest(), 100000000);
  EXPECT_EQ(newest_checkpoint(folder.path()), folder / "step-100000000");
}

TEST(Checkpoint, TheSameStepAgainReplaces) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  save(store, 7);
  std::ofstream(folder / "step-00000007/model.safetensors") << "garbage";
  EXPECT_THROW(store.latest(), CheckpointError);
  save(store, 7);
  expect_checkpoint(store.latest(), 7);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"step-00000007"}));
}

TEST(Checkpoint, SavingSetsRefusedLaterOnesAside) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  save(store, 30);
  fs::copy(folder / "step-00000030", folder / "step-00000040");  // claims another step than it holds
  const auto found = store.latest();
  expect_checkpoint(found, 30);
  EXPECT_THAT(found->skipped_because.value_or(""), HasSubstr("step-00000040"));
  save(store, 35);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"set-aside-step-00000040", "step-00000035"}));
  fs::copy(folder / "step-00000035", folder / "step-00000040");
  save(store, 36);
  EXPECT_EQ(
      names_in(folder.path()),
      (std::vector<std::string>{"set-aside-step-00000040", "set-aside-step-00000040.2", "step-00000036"}));
  expect_checkpoint(store.latest(), 36);
}

// /proc/self/mem is a file that is there and cannot be read at its beginning (EIO).
TEST(Checkpoint, OneThatCannotBeReadIsNoDamage) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 2);
  save(store, 10);
  save(store, 20);
  const std::string path = folder / "step-00000020/state.json";
  fs::rename(path, folder / "aside");
  fs::create_symlink("/proc/self/mem", path);
  try {
    store.latest();
    FAIL() << "an older one was taken";
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("state.json"), HasSubstr("Input/output error"),
                                             HasSubstr("tried 4 times"), HasSubstr("move")));
  }
  fs::rename(folder / "aside", path);
  expect_checkpoint(store.latest(), 20);
}

TEST(Checkpoint, TooManyOpenFilesAreNoDamage) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  save(store, 10);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{3, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_THROW(read_checkpoint(folder / "step-00000010"), FileError);
  EXPECT_THROW(store.latest(), FileError);
  EXPECT_THROW(newest_checkpoint(folder.path()), FileError);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  expect_checkpoint(store.latest(), 10);
}

// The first reading finds an empty pipe, and the file is in its place when that reading ends.
TEST(Checkpoint, WhatFailsOnceIsReadAgain) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  save(store, 10);
  const std::string path = folder / "step-00000010/state.json";
  fs::rename(path, folder / "aside");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread mender([&] {
    const int writer = ::open(path.c_str(), O_WRONLY);  // waits for the reader
    fs::rename(folder / "aside", path);
    ::close(writer);
  });
  expect_checkpoint(store.latest(), 10);
  mender.join();
}

TEST(Checkpoint, RemainsOfAnInterruptedSaveAreRemoved) {
  const test::TemporaryFolder folder;
  {
    CheckpointStore store(folder.path(), 2);
    save(store, 3);
  }
  fs::copy(folder / "step-00000003", folder / ".making-step-00000009");
  fs::copy(folder / "step-00000003", folder / ".removed-step-00000001");
  fs::copy(folder / "step-00000003", folder / ".replaced-step-00000003");
  std::ofstream(folder / "notes.txt") << "the user's";
  CheckpointStore store(folder.path(), 2);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"notes.txt", "step-00000003"}));
  expect_checkpoint(store.latest(), 3);
}

TEST(Checkpoint, AReplacedOneComesBackWhenItsSuccessorDidNotCome) {
  const test::TemporaryFolder folder;
  {
    CheckpointStore store(folder.path(), 1);
    save(store, 3);
  }
  fs::rename(folder / "step-00000003", folder / ".replaced-step-00000003");
  EXPECT_FALSE(newest_checkpoint(folder.path()).has_value());
  const CheckpointStore store(folder.path(), 1);
  expect_checkpoint(store.latest(), 3);
}

class DamagedCheckpoint : public testing::Test {
 protected:
  DamagedCheckpoint() : store_(folder_.path(), 2) {
    save(store_, 10);
    save(store_, 20);
  }
  // The newest one is passed over, with a reason that names it.
  void expect_skipped(const std::string& what) {
    const auto found = store_.latest();
    ASSERT_TRUE(found.has_value()) << what;
    ASSERT_EQ(found->step, 10) << what;
    ASSERT_THAT(found->skipped_because.value_or(""), HasSubstr("step-00000020")) << what;
    ASSERT_EQ(found->skipped_because->find('\n'), std::string::npos) << what;
  }
  const test::TemporaryFolder folder_;
  CheckpointStore store_;
};

TEST_F(DamagedCheckpoint, TruncatedAnywhere) {
  for (const char* name : files) {
    const std::string path = folder_ / "step-00000020/" + name;
    const std::string whole = read_file(path);
    for (size_t length = 0; length < whole.size(); length += 3) {
      std::ofstream(path) << whole.substr(0, length);
      expect_skipped(fmt::format("{} cut to {}", name, length));
    }
    std::ofstream(path) << whole << "x";
    expect_skipped(fmt::format("{} with a byte more", name));
    std::ofstream(path) << whole;
  }
  expect_checkpoint(store_.latest(), 20);
}

TEST_F(DamagedCheckpoint, AnyByteFlipped) {
  for (const char* name : files) {
    const std::string path = folder_ / "step-00000020/" + name;
    const std::string whole = read_file(path);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
      std::ofstream(path) << flipped;
      expect_skipped(fmt::format("{} byte {}", name, at));
    }
    std::ofstream(path) << whole;
  }
}

TEST_F(DamagedCheckpoint, AFileMissing) {
  for (const char* name : files) {
    const std::string path = folder_ / "step-00000020/" + name;
    fs::rename(path, folder_ / "aside");
    expect_skipped(name);
    fs::rename(folder_ / "aside", path);
  }
  fs::remove_all(folder_ / "step-00000020");
  std::ofstream(folder_ / "step-00000020") << "a file";
  expect_skipped("a file in place of the folder");
}

TEST_F(DamagedCheckpoint, FilesOfAnotherCheckpoint) {
  fs::copy_file(folder_ / "step-00000010/model.safetensors", folder_ / "step-00000020/model.safetensors",
                fs::copy_options::overwrite_existing);
  expect_skipped("model of step 10");
}

TEST_F(DamagedCheckpoint, NoneWholeIsAnError) {
  for (const char* step : {"step-00000010", "step-00000020"})
    fs::remove(folder_ / step + std::string("/state.json"));
  try {
    store_.latest();
    FAIL();
  } catch (const CheckpointError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("step-00000020"), HasSubstr("run.out")));
  }
}

TEST(Checkpoint, FullDiskLeavesTheOldOneAndNothingElse) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  save(store, 10);
  State large = state_at(20);
  large.tensors["large"] = all_of(100000, 1);
  for (const rlim_t limit : {rlim_t{0}, rlim_t{100}, rlim_t{300}, rlim_t{1000}, rlim_t{100000}}) {
    const test::FileSizeLimit full(limit);
    EXPECT_THROW(store.save(20, model_at(20), large, fingerprint), FileError) << limit;
    EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"step-00000010"})) << limit;
  }
  expect_checkpoint(store.latest(), 10);
  save(store, 20);
  expect_checkpoint(store.latest(), 20);
}

// Kills a process that saves without pause; what is left must always be the newest or the one before it,
// whole.
TEST(Checkpoint, KilledAtAnyMomentOneIsWhole) {
  const test::TemporaryFolder folder;
  int64_t least = 0;
  const Stopwatch watch;
  {
    CheckpointStore store(folder.path(), 1);
    save(store, 0);
  }
  const double one_save = watch.seconds() * 1e6;
  for (int trial = 0; trial < 20 || (least < 2 && trial < 200); ++trial) {
    const pid_t child = ::fork();
    if (child == 0) {
      CheckpointStore store(folder.path(), 1);
      save(store, least);  // again the same step: replaces
      for (int64_t step = least + 1;; ++step) save(store, step);
    }
    // Longer with every try, should the disk be slower than it was for the first save.
    const int fifths = (trial % 17 + 1) * (1 + trial / 20);  // of the time of one save
    ::usleep(static_cast<useconds_t>(one_save * 0.2 * fifths));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const CheckpointStore store(folder.path(), 1);
    const auto found = store.latest();
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->skipped_because.has_value()) << *found->skipped_because;
    ASSERT_GE(found->step, least);
    expect_checkpoint(found, found->step);
    least = found->step;
    EXPECT_LE(names_in(folder.path()).size(), 2u);  // the old one may not have been pruned yet
  }
  EXPECT_GT(least, 0);
}

TEST(Checkpoint, AFolderThatCannotBeMadeIsAFileError) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(CheckpointStore(folder / "file/checkpoints", 1), FileError);
  EXPECT_THROW(CheckpointStore("/proc/muster", 1), FileError);
  EXPECT_THROW(CheckpointStore(folder.path(), 0), OptionError);
}

TEST(StateFile, NumbersComeBackBitForBit) {
  StateFile content;
  content.step = 5;
  const uint64_t patterns[] = {
      0, uint64_t{1} << 63, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001, 0xfff4000000000123,
      1, 0x3fd5555555555555};
  for (const uint64_t bits : patterns)
    content.numbers.set("r" + std::to_string(bits), std::bit_cast<double>(bits));
  content.numbers.set("least", std::numeric_limits<int64_t>::min());
  content.numbers.set("most", std::numeric_limits<int64_t>::max());
  content.numbers.set("odd \"name\"\n", int64_t{0});
  content.files["f"] = {12, ~uint64_t{0}};
  const StateFile back = parse_state_file(format_state_file(content), "state.json");
  for (const uint64_t bits : patterns)
    EXPECT_EQ(std::bit_cast<uint64_t>(back.numbers.real("r" + std::to_string(bits))), bits);
  EXPECT_EQ(back.numbers.integer("least"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(back.numbers.integer("most"), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(back.numbers.has("odd \"name\"\n"));
  EXPECT_EQ(back.numbers.values().size(), content.numbers.values().size());
  EXPECT_EQ(back.files, content.files);
}

}  // namespace
}  // namespace muster
