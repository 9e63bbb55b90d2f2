#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "muster/base/error.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/checkpoint/damaged_result.h"
#include "muster/checkpoint/run_folder.h"
#include "muster/report/summary_file.h"
#include "muster/report/whole_result.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(RunFolder, ANewOneIsMade) {
  const test::TemporaryFolder folder;
  const RunFolder run = open_run_folder(folder / "deep/out", false);
  EXPECT_TRUE(run.fresh);
  EXPECT_FALSE(run.already_finished);
  EXPECT_FALSE(run.resume_from.has_value());
  EXPECT_TRUE(run.messages.empty());
  EXPECT_TRUE(fs::is_directory(folder / "deep/out"));
}

TEST(RunFolder, OneThatHoldsSomethingIsRefusedUntouched) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "thesis.tex") << "x";
  EXPECT_THROW(open_run_folder(folder.path(), false), OptionError);
  EXPECT_THAT(error_of([&] { open_run_folder(folder.path(), false); }),
              testing::AllOf(HasSubstr("run.out"), HasSubstr(folder.path()), HasSubstr("--run.resume")));
  EXPECT_FALSE(fs::exists(folder / ".lock"));
}

TEST(RunFolder, AnEmptyOneAndOneWithOnlyALockAreNew) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(open_run_folder(folder.path(), false).fresh);
  EXPECT_TRUE(fs::exists(folder / ".lock"));
  EXPECT_TRUE(open_run_folder(folder.path(), false).fresh);
}

TEST(RunFolder, ResumesFromTheNewestCheckpoint) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder / "checkpoints", 2);
  store.save(10, {}, {}, "{}");
  store.save(20, {}, {}, "{}");
  const RunFolder run = open_run_folder(folder.path(), true);
  EXPECT_FALSE(run.fresh);
  EXPECT_EQ(run.resume_from, folder / "checkpoints/step-00000020");
  EXPECT_TRUE(run.messages.empty());
}

TEST(RunFolder, ACheckpointThatWasBeingReplacedIsFound) {
  const test::TemporaryFolder folder;
  CheckpointStore(folder / "checkpoints", 1).save(10, {}, {}, "{}");
  fs::rename(folder / "checkpoints/step-00000010", folder / "checkpoints/.replaced-step-00000010");
  EXPECT_EQ(open_run_folder(folder.path(), true).resume_from, folder / "checkpoints/step-00000010");
}

TEST(RunFolder, ResumingWithoutCheckpointStartsAnewAndSaysSo) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder / "out/checkpoints/.making-step-00000005");
  std::ofstream(folder / "out/metrics.jsonl") << "{}";
  for (const std::string name : {"out", "none"}) {
    const RunFolder run = open_run_folder(folder / name, true);
    EXPECT_TRUE(run.fresh);
    ASSERT_EQ(run.messages.size(), 1u);
    EXPECT_THAT(run.messages[0], HasSubstr("starting from the beginning"));
  }
}

void leave_result(const test::TemporaryFolder& folder) {
  std::ofstream(folder / "model.safetensors") << "weights";
  Summary summary;
  summary.steps = 10;
  summary.files = settle_files(folder.path(), {"model.safetensors"});
  write_summary(folder / "summary.json", summary);
}

TEST(RunFolder, AFinishedRunOfFewerStepsGoesOn) {
  const test::TemporaryFolder folder;
  CheckpointStore(folder / "checkpoints", 2).save(10, {}, {}, "{}");
  leave_result(folder);
  EXPECT_TRUE(open_run_folder(folder.path(), true, sole_writer(), 10).already_finished);
  {
    const RunFolder longer = open_run_folder(folder.path(), true, sole_writer(), 11);
    EXPECT_FALSE(longer.already_finished);
    EXPECT_EQ(longer.resume_from, folder / "checkpoints/step-00000010");
    EXPECT_TRUE(fs::exists(folder / "model.safetensors")) << "until the next is whole";
  }
  EXPECT_THAT(error_of([&] { open_run_folder(folder.path(), true, sole_writer(), 9); }),
              testing::StartsWith("run.steps = 9: "));
}

TEST(RunFolder, AFinishedRunSaysSo) {
  const test::TemporaryFolder folder;
  CheckpointStore(folder / "checkpoints", 2).save(10, {}, {}, "{}");
  leave_result(folder);
  const RunFolder run = open_run_folder(folder.path(), true);
  EXPECT_TRUE(run.already_finished);
  EXPECT_FALSE(run.fresh);
  EXPECT_EQ(run.damage, "");
  ASSERT_EQ(run.messages.size(), 1u);
  EXPECT_THAT(run.messages[0], HasSubstr("finished"));
  EXPECT_THROW(open_run_folder(folder.path(), false), Error);
  EXPECT_NO_THROW(set_aside_damaged_result(run));
  EXPECT_TRUE(fs::exists(folder / "model.safetensors"));
}

TEST(RunFolder, ADamagedResultGoesOnFromTheLastCheckpoint) {
  const std::function<void(const test::TemporaryFolder&)> damages[] = {
      [](const auto& folder) { fs::remove(folder / "model.safetensors"); },
      [](const auto& folder) { std::ofstream(folder / "model.safetensors") << "weighty"; },
      [](const auto& folder) { std::ofstream(folder / "summary.json") << ""; },
      [](const auto& folder) { std::ofstream(folder / "summary.json") << "{}"; },
  };
  for (const auto& damage : damages) {
    const test::TemporaryFolder folder;
    CheckpointStore(folder / "checkpoints", 2).save(10, {}, {}, "{}");
    leave_result(folder);
    damage(folder);
    const RunFolder run = open_run_folder(folder.path(), true);
    EXPECT_FALSE(run.already_finished);
    EXPECT_EQ(run.resume_from, folder / "checkpoints/step-00000010");
    ASSERT_EQ(run.messages.size(), 1u);
    EXPECT_THAT(run.messages[0], testing::AllOf(HasSubstr("has ended, but"), HasSubstr(run.damage)));
    set_aside_damaged_result(run);
    EXPECT_FALSE(fs::exists(folder / "summary.json"));
    EXPECT_TRUE(fs::exists(folder / "summary.json.set-aside"));
    EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
  }
}

TEST(RunFolder, ADamagedResultWithoutCheckpointIsBeyondRepair) {
  const test::TemporaryFolder folder;
  leave_result(folder);
  fs::remove(folder / "model.safetensors");
  const RunFolder run = open_run_folder(folder.path(), true);
  EXPECT_TRUE(run.fresh);
  EXPECT_THAT(beyond_repair(run).what(),
              testing::AllOf(HasSubstr("model.safetensors' is missing"), HasSubstr("no checkpoint is left"),
                             HasSubstr("remove '" + folder.path() + "/summary.json'")));
}

TEST(RunFolder, WhatIsNoFolderIsAFileError) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  for (const bool resume : {false, true}) {
    EXPECT_THROW(open_run_folder(folder / "file", resume), FileError);
    EXPECT_THAT(error_of([&] { open_run_folder(folder / "file", resume); }),
                testing::AllOf(HasSubstr(folder / "file"), HasSubstr("not a folder")));
    EXPECT_THROW(open_run_folder(folder / "file/out", resume), FileError);
    EXPECT_THROW(open_run_folder("/proc/muster", resume), FileError);
    EXPECT_THROW(open_run_folder("", resume), OptionError);
  }
}

TEST(RunFolder, TwoAtOnceAreRefused) {
  const test::TemporaryFolder folder;
  {
    const RunFolder first = open_run_folder(folder.path(), false);
    EXPECT_THROW(open_run_folder(folder.path(), true), FileError);
    EXPECT_THAT(error_of([&] { open_run_folder(folder.path(), true); }),
                HasSubstr("process " + std::to_string(::getpid())));
  }
  EXPECT_NO_THROW(open_run_folder(folder.path(), true));
}

TEST(RunFolder, TheLockGoesWithAKilledProcess) {
  const test::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const RunFolder held = open_run_folder(folder.path(), false);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THROW(open_run_folder(folder.path(), false), FileError);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(open_run_folder(folder.path(), false));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace muster
