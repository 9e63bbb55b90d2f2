// Writers of one run after each other, of which the earlier ones may wake up at any moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/checkpoint/run_folder.h"
#include "muster/report/event_file.h"
#include "muster/report/metrics_file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const RunWriter first{"0123456789abcdef", 1}, second{"0123456789abcdef", 2}, foreign{"fedcba9876543210", 7};

std::string error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RunWriter, TheLockNamesIt) {
  EXPECT_EQ(writer_in(holder_text(second)), second);
  EXPECT_FALSE(writer_in("process 12\n"));
  EXPECT_FALSE(writer_in(""));
  EXPECT_FALSE(writer_in("process 1, writer x of run y\n"));
  EXPECT_TRUE(second.succeeds(first));
  EXPECT_FALSE(first.succeeds(second));
  EXPECT_FALSE(foreign.succeeds(first));
  EXPECT_NE(random_run_id(), random_run_id());
}

TEST(Writers, ASuccessorTakesTheFolderFromOneThatHoldsTheLock) {
  const test::TemporaryFolder folder;
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  const RunFolder now = take_over_run_folder(folder / "run", second);
  EXPECT_TRUE(sleeper.staging->superseded());
  EXPECT_FALSE(now.staging->superseded());
  EXPECT_THROW(sleeper.staging->require_present(), LostPeer);
  EXPECT_THAT(read_file(folder / "run/.lock"), HasSubstr("writer 2 of run 0123456789abcdef"));
}

TEST(Writers, AForeignRunIsRefusedAlsoAfterATakeover) {
  const test::TemporaryFolder folder;
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  EXPECT_THAT(error_of([&] { open_run_folder(folder / "run", true, foreign); }),
              HasSubstr("another process (process"));
  const RunFolder now = take_over_run_folder(folder / "run", second);
  EXPECT_THROW(open_run_folder(folder / "run", true, foreign), FileError);
  EXPECT_FALSE(now.staging->superseded()) << "the attempt takes nothing away";
}

TEST(Writers, OneThatWakesUpBeforeItHasTheLockSeesItsSuccessor) {
  const test::TemporaryFolder folder;
  { const RunFolder now = open_run_folder(folder / "run", false, second); }
  EXPECT_THROW(take_over_run_folder(folder / "run", first), LostPeer);
  EXPECT_THROW(open_run_folder(folder / "run", true, first), LostPeer) << "also after the end";
  EXPECT_FALSE(fs::exists(folder / "run/.writer-0123456789abcdef-1"));
}

TEST(Writers, AnotherRunsFilesAreNotTakenOver) {
  const test::TemporaryFolder folder;
  { const RunFolder other = open_run_folder(folder / "run", false, foreign); }
  std::ofstream(folder / "run/summary.json") << "{}";
  EXPECT_THAT(error_of([&] { take_over_run_folder(folder / "run", second); }),
              HasSubstr("it holds the files of another run"));
  EXPECT_EQ(take_over_run_folder(folder / "elsewhere", second).path, folder / "elsewhere");
}

TEST(Writers, WhatASleeperHadMadeIsNotMovedIntoPlace) {
  const test::TemporaryFolder folder;
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  write_file_atomically(sleeper.staging->path_of("summary.json"), "old");
  const RunFolder now = take_over_run_folder(folder / "run", second);
  write_file_atomically(now.staging->path_of("summary.json"), "new");
  now.staging->publish("summary.json");
  EXPECT_THROW(sleeper.staging->publish("summary.json"), LostPeer);
  EXPECT_THROW(write_file_atomically(sleeper.staging->path_of("model"), "old"), FileError);
  EXPECT_EQ(read_file(folder / "run/summary.json"), "new");
}

TEST(Writers, FilesThatASleeperHoldsOpenAreNoLongerTheRuns) {
  const test::TemporaryFolder folder;
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  const std::string path = folder / "run/metrics.jsonl";
  MetricsLine line;
  line.step = line.round = 1;
  MetricsFile held = MetricsFile::make(sleeper.staging->path_of("metrics.jsonl"), path, to_json(line) + "\n");
  sleeper.staging->publish("metrics.jsonl");
  const RunFolder now = take_over_run_folder(folder / "run", second);
  const MetricsFile file =
      MetricsFile::make(now.staging->path_of("metrics.jsonl"), path, to_json(line) + "\n");
  now.staging->publish("metrics.jsonl");
  line.step = line.round = 2;
  held.write(line);
  EXPECT_EQ(read_metrics(path).size(), 1U);
}

TEST(Writers, ASleepersCheckpointsNeitherAppearNorDisappear) {
  const test::TemporaryFolder folder;
  const std::string checkpoints = folder / "run/checkpoints";
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  CheckpointStore old(checkpoints, 1, sleeper.staging->path());
  old.save(10, {}, {}, "{}");
  const RunFolder now = take_over_run_folder(folder / "run", second);
  CheckpointStore store(checkpoints, 2, now.staging->path());
  store.save(20, {}, {}, "{}");
  EXPECT_THROW(old.save(30, {}, {}, "{}"), FileError);
  EXPECT_TRUE(fs::exists(checkpoints + "/step-00000010"));
  EXPECT_EQ(newest_checkpoint(checkpoints), checkpoints + "/step-00000020");
}

TEST(Writers, ACheckpointThatASleeperHadPutAsideComesBack) {
  const test::TemporaryFolder folder;
  const std::string checkpoint = folder / "run/checkpoints/step-00000010";
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  CheckpointStore(folder / "run/checkpoints", 1, sleeper.staging->path()).save(10, {}, {}, "{}");
  fs::rename(checkpoint, sleeper.staging->path_of(".replaced-step-00000010"));
  const RunFolder now = take_over_run_folder(folder / "run", second);
  EXPECT_TRUE(fs::exists(checkpoint + "/state.json"));
}

TEST(Writers, ALaterCheckpointIsSetAsideAndASleeperSetsNoneAside) {
  const test::TemporaryFolder folder;
  const std::string checkpoints = folder / "run/checkpoints";
  const RunFolder sleeper = open_run_folder(folder / "run", false, first);
  CheckpointStore old(checkpoints, 2, sleeper.staging->path());
  old.save(20, {}, {}, "{}");
  old.save(10, {}, {}, "{}");
  EXPECT_TRUE(fs::exists(checkpoints + "/set-aside-step-00000020/state.json"));
  EXPECT_FALSE(fs::exists(checkpoints + "/step-00000020"));
  EXPECT_TRUE(fs::is_empty(sleeper.staging->path()));
  const RunFolder now = take_over_run_folder(folder / "run", second);
  CheckpointStore(checkpoints, 2, now.staging->path()).save(30, {}, {}, "{}");
  EXPECT_THROW(old.save(15, {}, {}, "{}"), FileError);
  EXPECT_TRUE(fs::exists(checkpoints + "/step-00000030"));
  EXPECT_FALSE(fs::exists(sleeper.staging->path())) << "it does not make its folder again";
}

TEST(Writers, TheLockIsNotWrittenThroughALink) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "run");
  std::ofstream(folder / "thesis.tex") << "x";
  fs::create_symlink("../thesis.tex", folder / "run/.lock");
  EXPECT_THAT(error_of([&] { open_run_folder(folder / "run", false, first); }),
              HasSubstr(".lock' is a symbolic link"));
  EXPECT_EQ(read_file(folder / "thesis.tex"), "x");
}

TEST(Writers, NothingRemainsOfAWriterButTheLock) {
  const test::TemporaryFolder folder;
  { const RunFolder run = open_run_folder(folder / "run", false, first); }
  int files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder / "run")) ++files;
  EXPECT_EQ(files, 1);
}

TEST(Writers, AFolderThatWasMovedAwayIsNamed) {
  const test::TemporaryFolder folder;
  const RunFolder run = open_run_folder(folder / "run", false, first);
  write_file_atomically(run.staging->path_of("config.toml"), "");
  fs::rename(folder / "run", folder / "elsewhere");
  EXPECT_THAT(error_of([&] { run.staging->publish("config.toml"); }), HasSubstr("was moved or removed"));
  EXPECT_THROW(run.staging->publish("config.toml"), FileError);
}

}  // namespace
}  // namespace muster
