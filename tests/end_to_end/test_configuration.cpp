// A configuration is read once: a pipe does for a file with every command that takes one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::ChildProcess;
using test::Ended;
using test::expect_one_line_error;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* of_training = R"([run]
steps = 12
workers = 2
threads = 1
[task]
name = "clusters"
samples = 128
test_samples = 32
hidden = [7]
batch = 4
[clusters]
dimension = 8
[schedule]
rule = "constant"
base_period = 3
)";

constexpr const char* asynchronous = R"([run]
steps = 60
[task]
name = "clusters"
samples = 128
test_samples = 32
hidden = [7]
batch = 4
[clusters]
dimension = 8
[inner]
optimizer = "adamw"
[async]
local_steps = 5
[serve]
lease = 3
beat = 0.2
)";

const std::string of_comparison = std::string(of_training) + R"([[arm]]
name = "three"
[[arm]]
name = "two"
schedule.base_period = 2
)";

/// A folder with the configurations; runs lines of a shell in it.
class Shell {
 public:
  Shell() {
    write_file_atomically(folder_ / "train.toml", of_training);
    write_file_atomically(folder_ / "async.toml", asynchronous);
    write_file_atomically(folder_ / "compare.toml", of_comparison);
    write_file_atomically(folder_ / "muster", "#!/bin/sh\nexec '" MUSTER_PROGRAM "' \"$@\"\n");
    std::filesystem::permissions(folder_ / "muster", std::filesystem::perms::owner_all);
  }
  Ended run(const std::string& line) const {
    return test::run({"/bin/bash", "-c", "PATH=.:$PATH\n" + line}, {.folder = folder_.path()});
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  json file(const std::string& name) const { return json::parse(read_file(path(name))); }

 private:
  TemporaryFolder folder_;
};

/// How a configuration is given. CONFIG stands for its file in `words` and in `before`.
struct Way {
  const char* name;
  std::string before, words;
};

const std::vector<Way>& ways() {
  static const std::vector<Way> all = {
      {"file", "", "CONFIG"},
      {"process substitution", "", "<(cat CONFIG)"},
      {"FIFO", "rm -f fifo; mkfifo fifo; (sleep .1; cat CONFIG > fifo) & ", "fifo"},
      {"stdin", "cat CONFIG | ", "/dev/stdin"},
      {"dash", "cat CONFIG | ", "-"},
      {"redirection", "cat CONFIG > copy; exec < copy; ", "/dev/stdin"},
  };
  return all;
}

std::string with(std::string text, const std::string& config) {
  for (size_t at = 0; (at = text.find("CONFIG", at)) != std::string::npos;) text.replace(at, 6, config);
  return text;
}

/// `muster FIRST CONFIG REST`, the configuration given in one of the ways.
Ended given(const Shell& shell, const Way& way, const std::string& config, const std::string& first,
            const std::string& rest) {
  return shell.run(with(way.before + "muster " + first + " " + way.words + " " + rest, config));
}

/// What a run was told and came to, without its folder and its times.
json outcome(json summary) {
  for (const char* key :
       {"seconds", "samples_per_second", "folder", "wall_seconds", "files", "summary_xxh64"})
    summary.erase(key);
  summary["configuration"]["run"].erase("out");
  return summary;
}

TEST(Configuration, TrainingFromAPipeIsThatFromAFile) {
  for (const std::string first : {"train", "launch -n 2 -- train"}) {
    const Shell shell;
    json expected;
    for (const Way& way : ways()) {
      std::filesystem::remove_all(shell.path("run"));
      const Ended ended = given(shell, way, "train.toml", first, "--run.out run");
      ASSERT_EQ(ended.code, 0) << first << ", " << way.name << ": " << ended.err;
      const json found = outcome(shell.file("run/summary.json"));
      if (expected.is_null()) expected = found;
      EXPECT_EQ(found, expected) << first << ", " << way.name;
    }
    EXPECT_EQ(expected["configuration"]["task"]["hidden"], json({7}));
    EXPECT_EQ(expected["steps"], 12);
  }
}

TEST(Configuration, WhatIsOnlyReckonedFromAPipeIsThatFromAFile) {
  struct Case {
    std::string config, first, rest;
  };
  const std::vector<Case> cases = {
      {"train.toml", "train", "--print-config"},
      {"train.toml", "schedule", "--json"},
      {"train.toml", "plan", "--step-time 10ms --parameters 1000 --network 1Gbit"},
      {"async.toml", "simulate", "--no-training"},
      {"train.toml", "launch -n 2 --dry-run -- train", ""},
  };
  for (const Case& one : cases) {
    const Shell shell;
    std::optional<Ended> expected;
    for (const Way& way : ways()) {
      Ended ended = given(shell, way, one.config, one.first, one.rest);
      if (one.first.starts_with("launch")) ended.out = std::to_string(ended.out.size() > 0);
      if (one.first == "simulate") ended.out = ended.out.substr(0, ended.out.find("took"));
      if (!expected) expected = ended;
      EXPECT_EQ(ended.code, expected->code) << one.first << ", " << way.name << ": " << ended.err;
      EXPECT_EQ(ended.out, expected->out) << one.first << ", " << way.name;
    }
    EXPECT_EQ(expected->code, 0) << one.first << ": " << expected->err;
  }
}

TEST(Configuration, AComparisonFromAPipeIsThatFromAFile) {
  const Shell shell;
  json expected;
  for (const Way& way : ways()) {
    std::filesystem::remove_all(shell.path("out"));
    const Ended ended = given(shell, way, "compare.toml", "compare", "--out out");
    ASSERT_EQ(ended.code, 0) << way.name << ": " << ended.err;
    const json found = {outcome(shell.file("out/two/seed-1/summary.json")),
                        outcome(shell.file("out/three/seed-1/summary.json"))};
    if (expected.is_null()) expected = found;
    EXPECT_EQ(found, expected) << way.name;
  }
}

TEST(Configuration, ASimulationFromAPipeIsThatFromAFile) {
  const Shell shell;
  std::string expected;
  for (const Way& way : ways()) {
    std::filesystem::remove_all(shell.path("run"));
    const Ended ended = given(shell, way, "async.toml", "simulate", "--run.out run");
    ASSERT_EQ(ended.code, 0) << way.name << ": " << ended.err;
    const std::string found = read_file(shell.path("run/model.safetensors"));
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected) << way.name;
  }
}

TEST(Configuration, AServerAndItsWorkersTakeAPipe) {
  const Shell shell;
  const Ended told = shell.run("muster status 127.0.0.1:9 --serve.patience 0.2");
  if (told.err.find("built without gRPC") != std::string::npos) GTEST_SKIP() << told.err;
  int port = 24000 + ::getpid() % 8000;
  for (const Way& way : ways()) {
    std::filesystem::remove_all(shell.path("run"));
    const std::string address = "127.0.0.1:" + std::to_string(++port);
    // Both in one shell would share its standard input.
    ChildProcess server({"/bin/bash", "-c",
                         with("PATH=.:$PATH; " + way.before + "muster serve " + way.words +
                                  " --run.out run --serve.linger 5 --serve.address " + address,
                              "async.toml")},
                        {.folder = shell.path(".")});
    ASSERT_TRUE(server.wait_to_say("serving at", 60)) << way.name << ": " << server.wait().err;
    const Ended worker = given(shell, way, "async.toml", "work " + address, "");
    EXPECT_EQ(worker.code, 0) << way.name << ": " << worker.err;
    const Ended served = server.wait();
    ASSERT_EQ(served.code, 0) << way.name << ": " << served.err;
    EXPECT_EQ(shell.file("run/summary.json")["configuration"]["task"]["hidden"], json({7})) << way.name;
  }
}

TEST(Configuration, RanksOfOtherHostsGetTheTextToo) {
  const Shell shell;
  write_file_atomically(shell.path("hosts"), "192.0.2.1 slots=2\n");
  write_file_atomically(shell.path("remote"),
                        "#!/bin/sh\nshift\ncd / && exec env -i PATH=\"$PATH\" sh -c \"$*\"\n");
  std::filesystem::permissions(shell.path("remote"), std::filesystem::perms::owner_all);
  // Longer than what a socket takes at once, and with all that a shell could stumble over.
  write_file_atomically(shell.path("long.toml"), std::string("# \\n \\0101 'it''s' $HOME `ls` %d \\\n") +
                                                     of_training + "# " + std::string(600'000, 'x') + "\n");
  const Ended ended = shell.run(
      "muster launch --hosts hosts --ssh ./remote --address 127.0.0.1 -- train <(cat long.toml) "
      "--run.out run --comm.interface lo");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(shell.file("run/summary.json")["configuration"]["task"]["hidden"], json({7}));
}

TEST(Configuration, ARankThatIsStartedAgainReadsWhatTheFirstOneRead) {
  const Shell shell;
  ChildProcess launched(
      {MUSTER_PROGRAM, "launch", "-n", "2", "--min-workers", "1", "--restarts", "3", "--deadline", "3", "--",
       "train", "train.toml", "--run.out", "run", "--run.steps", "1000000", "--checkpoint.every", "100"},
      {.folder = shell.path(".")});
  ASSERT_TRUE(launched.wait_to_say("step ", 60)) << launched.wait().err;
  write_file_atomically(shell.path("train.toml"), "[run]\nsteps = 5\n");
  const Ended found = shell.run("pgrep -P " + std::to_string(launched.pid()) + " | tail -1");
  ASSERT_FALSE(found.out.empty());
  ::kill(std::stoi(found.out), SIGKILL);
  EXPECT_TRUE(launched.wait_to_say("2 of 2 processes continue", 60)) << launched.wait().err;
  launched.send(SIGTERM);
  const Ended ended = launched.wait();
  EXPECT_EQ(ended.code, 128 + SIGTERM) << ended.err;
  EXPECT_THAT(ended.err, Not(HasSubstr("differs"))) << ended.err;
}

TEST(Configuration, APipeThatSeveralReadersWouldShareIsRefused) {
  const Shell shell;
  const std::string torchrun =
      "RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29999 ";
  expect_one_line_error(shell.run(torchrun + "muster train <(cat train.toml) --run.out run"),
                        {"CONFIG = ", "2 processes", "torchrun", "into a file"});
  const Ended launched = shell.run("muster launch -n 2 -- ./muster train <(cat train.toml) --run.out run");
  EXPECT_EQ(launched.code, 2) << launched.err;
  EXPECT_THAT(launched.err, HasSubstr("would each read a part"));
  expect_one_line_error(shell.run("exec < train.toml; " + torchrun + "muster train - --run.out run"),
                        {"CONFIG = -", "into a file"});
  EXPECT_FALSE(std::filesystem::exists(shell.path("run")));
}

TEST(Configuration, AnEmptyPipeIsNoConfiguration) {
  const Shell shell;
  expect_one_line_error(shell.run("muster train <(cat missing.toml 2>/dev/null) --run.out run"),
                        {"CONFIG = ", "nothing came"});
  EXPECT_FALSE(std::filesystem::exists(shell.path("run")));
}

TEST(Configuration, PiecesOfAScheduleComeFromAPipeToo) {
  const Shell shell;
  const Ended ended = shell.run(
      "muster train train.toml --run.out run --schedule.rule piecewise --schedule.pieces <(printf "
      "'start,period\\n0,2\\n6,3\\n')");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(shell.file("run/summary.json")["configuration"]["schedule"]["pieces"], "0:2,6:3");
}

TEST(Configuration, ThatOfARunMeansItsFolderWhereverOneStands) {
  const Shell shell;
  std::filesystem::create_directories(shell.path("elsewhere"));
  ASSERT_EQ(shell.run("muster train train.toml --run.out runs/mine --run.steps 6 --checkpoint.every 3").code,
            0);
  std::filesystem::remove(shell.path("runs/mine/summary.json"));  // as if it had been killed
  const Ended resumed = shell.run("cd elsewhere; ../muster train ../runs/mine/config.toml --run.resume");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming from ../runs/mine/checkpoints"));
  EXPECT_FALSE(std::filesystem::exists(shell.path("elsewhere/runs")));
  std::filesystem::rename(shell.path("runs/mine"), shell.path("moved"));
  std::filesystem::remove(shell.path("moved/summary.json"));
  const Ended moved = shell.run("muster train moved/config.toml --run.resume");
  ASSERT_EQ(moved.code, 0) << moved.err;
  EXPECT_FALSE(std::filesystem::exists(shell.path("runs/mine")));
  EXPECT_TRUE(std::filesystem::exists(shell.path("moved/summary.json")));
  // Where it lies somewhere else, the file's word counts; the command line's always does.
  EXPECT_EQ(shell.run("muster train moved/config.toml --run.out new --run.resume=false").code, 0);
  EXPECT_TRUE(std::filesystem::exists(shell.path("new/summary.json")));
}

TEST(Configuration, ThatOfARunFindsItsDataFromAnotherFolder) {
  const Shell shell;
  write_file_atomically(shell.path("words.txt"), std::string(4000, 'a') + std::string(4000, 'b'));
  const std::string words =
      " --task.name text --task.data words.txt --gpt.layers 1 --gpt.width 8 --gpt.heads 1 --text.context 8 "
      "--run.steps 6 --run.workers 1 --task.batch 2 --checkpoint.every 3 --run.out run";
  ASSERT_EQ(shell.run("muster train" + words).code, 0);
  std::filesystem::remove(shell.path("run/summary.json"));
  const std::string there =
      "mkdir -p elsewhere; cd elsewhere; ../muster train ../run/config.toml --run.resume";
  const Ended resumed = shell.run(there);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  std::filesystem::remove(shell.path("run/summary.json"));
  std::filesystem::rename(shell.path("words.txt"), shell.path("gone.txt"));
  expect_one_line_error(shell.run(there), {shell.path("words.txt")});
}

}  // namespace
}  // namespace muster
