// What a run says may be lost; the run is not. What a command answers may not be lost without a word. And
// what a stranger calls a file does nothing to a terminal or a shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr const char* small =
    " --task.name clusters --task.samples 128 --task.test_samples 32 --task.hidden 8 --clusters.dimension 8 "
    "--task.batch 4 --run.workers 2 --run.threads 1 ";

class Streams : public testing::Test {
 protected:
  Ended shell(const std::string& line) const {
    return test::run({"/bin/bash", "-c",
                      std::string("muster='") + MUSTER_PROGRAM + "'; small='" + small +
                          "'; devices='--inner.optimizer adamw --async.seconds_per_step 1,2'\n" + line},
                     {.folder = folder_.path()});
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  /// Summary and model are there, and every line of the metrics is one.
  void expect_whole(const std::string& run) const {
    EXPECT_TRUE(exists(run + "/summary.json"));
    EXPECT_TRUE(exists(run + "/model.safetensors"));
    std::istringstream lines(read_file(path(run + "/metrics.jsonl")));
    for (std::string line; std::getline(lines, line);)
      EXPECT_FALSE(nlohmann::json::parse(line, nullptr, false).is_discarded()) << line;
  }
  const TemporaryFolder folder_;
};

TEST_F(Streams, ALogThatCannotBeWrittenEndsNoRun) {
  const std::string train = "$muster train $small --run.steps 12 --run.out ";
  const std::string launch = "$muster launch -n 2 -- train $small --run.steps 12 --run.out ";
  const std::string simulate =
      "$muster simulate $small $devices --async.local_steps 5 --run.steps 60 --run.out ";
  int number = 0;
  for (const std::string& command : {train, launch, simulate})
    for (const std::string where : {"2>/dev/full", "2>&-", "2> >(exec 0<&-; sleep 1)", "2>&- <&-"}) {
      const std::string run = "run" + std::to_string(number++);
      EXPECT_EQ(shell(command + run + " " + where).code, 0) << command << where;
      if (command == simulate)
        EXPECT_TRUE(exists(run + "/summary.json")) << where;
      else
        expect_whole(run);
    }
}

TEST_F(Streams, AReaderWhoLeavesEndsNoRun) {
  int number = 0;
  for (const std::string command : {"train", "launch -n 2 -- train"}) {
    const std::string run = "run" + std::to_string(number++);
    shell("{ $muster " + command + " $small --run.steps 12 --json --run.out " + run +
          " 2>&1; echo $? > code; } | true");
    expect_whole(run);
    EXPECT_EQ(read_file(path("code")), "2\n") << command << ": the result was not handed over";
  }
}

TEST_F(Streams, AForeignProgramGetsABrokenPipeThroughTheLauncher) {
  const Ended ended = shell("$muster launch -n 2 -- yes | head -n 1");
  EXPECT_TRUE(ended.out == "y\n" || ended.out == "[rank 1] y\n") << ended.out;
}

TEST_F(Streams, AnAnswerThatCannotBeWrittenIsAnError) {
  ASSERT_EQ(shell("$muster train $small --run.steps 12 --run.out run").code, 0);
  for (const std::string command :
       {"train $small --run.steps 12 --run.out new", "train $small --run.steps 12 --json --run.out newer",
        "launch -n 1 -- train $small --run.steps 12 --run.out newest", "evaluate run/model.safetensors",
        "evaluate run/model.safetensors --json", "schedule --run.steps 100",
        "schedule --run.steps 100 --json", "train $small --print-config", "report run", "models", "--help",
        "version", "simulate $small $devices --no-training --run.steps 100", "study convex --help"})
    for (const std::string where : {" >/dev/full", " >&-"}) {
      SCOPED_TRACE(command + where);
      const Ended ended = shell("rm -rf new newer newest; $muster " + command + where);
      EXPECT_EQ(ended.code, 2);
      EXPECT_THAT(ended.err, HasSubstr("standard output"));
    }
  for (const std::string run : {"new", "newer", "newest"})
    if (exists(run)) expect_whole(run);
}

TEST_F(Streams, ATerminalThatIsClosedStopsARunAtACheckpoint) {
  const Words keys = {"--task.name",   "clusters", "--task.hidden", "8",
                      "--run.workers", "2",        "--run.threads", "1",
                      "--run.steps",   "1000000",  "--run.out",     path("run 1")};
  Words train = {MUSTER_PROGRAM, "train"}, launch = {MUSTER_PROGRAM, "launch", "-n", "2", "--", "train"};
  for (Words words : {train, launch}) {
    words.insert(words.end(), keys.begin(), keys.end());
    std::filesystem::remove_all(path("run 1"));
    ChildProcess child(words);
    ASSERT_TRUE(child.wait_to_say("step ", 60)) << child.wait().err;
    child.send(SIGHUP);
    const Ended ended = child.wait();
    EXPECT_EQ(ended.code, 128 + SIGHUP) << ended.err;
    EXPECT_TRUE(std::filesystem::exists(path("run 1/checkpoints")) &&
                !std::filesystem::is_empty(path("run 1/checkpoints")))
        << ended.err;
    // A line for a shell.
    EXPECT_THAT(ended.err, HasSubstr("muster train '" + path("run 1") + "'\n"));
  }
}

TEST_F(Streams, WhatIgnoredHangupsGoesOn) {
  ChildProcess child({"/usr/bin/nohup", MUSTER_PROGRAM, "train", "--task.name", "clusters", "--task.hidden",
                      "8", "--run.workers", "1", "--run.steps", "1000000", "--run.out", path("run")});
  ASSERT_TRUE(child.wait_to_say("step ", 60)) << child.wait().err;
  child.send(SIGHUP);
  EXPECT_FALSE(child.wait_for(1.5));
  child.send(SIGTERM);
  EXPECT_EQ(child.wait().code, 128 + SIGTERM);
}

TEST_F(Streams, NamesDoNothingToATerminal) {
  const std::string evil =
      "e\x1b[2J\x07\xff\xe2\x80\xae"
      "evil";
  const auto expect_tame = [](const Ended& ended) {
    for (const char* code : {"\x1b", "\x07", "\xff", "\xe2\x80\xae"}) {
      EXPECT_THAT(ended.err, Not(HasSubstr(code)));
      EXPECT_THAT(ended.out, Not(HasSubstr(code)));
    }
    EXPECT_THAT(ended.err + ended.out, HasSubstr("e\\x1b[2J\\x07\\xff\\xe2\\x80\\xaeevil"));
  };
  const std::string quoted = "'" + evil + "'";
  expect_tame(shell("$muster train $small --run.steps 12 --run.out " + quoted));
  ASSERT_TRUE(exists(evil + "/summary.json"));
  expect_tame(shell("$muster evaluate " + quoted + "/model.safetensors"));
  expect_tame(shell("$muster evaluate " + quoted + "/missing.safetensors"));
  expect_tame(shell("$muster report " + quoted));
  expect_tame(shell("$muster train " + quoted));
  expect_tame(shell("$muster train --" + quoted + " 1"));
  expect_tame(shell("$muster " + quoted));
  expect_tame(shell("$muster train --task.name " + quoted));
  expect_tame(shell("$muster launch -n 2 -- " + quoted));
  expect_tame(shell("$muster train $small --run.steps 12 --run.out " + quoted));
}

}  // namespace
}  // namespace muster
