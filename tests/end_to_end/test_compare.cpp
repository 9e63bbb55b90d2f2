// muster compare: whatever happens to it, the same command goes on and ends with the same table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/base/file.h"
#include "muster/base/random.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr const char* arms = R"(
[run]
steps = 1500
workers = 2
threads = 2
[task]
model = "mlp"
samples = 512
test_samples = 200
batch = 4
hidden = [16]
[learning_rate]
peak = 0.01
[evaluation]
every = 500
[checkpoint]
every = 100
[[arm]]
name = "constant"
schedule.rule = "constant"
schedule.base_period = 4
[[arm]]
name = "qsr"
[arm.schedule]
rule = "qsr"
base_period = 4
)";

/// A comparison in a folder of its own: two arms, and what is said on the command line.
class Compare : public ::testing::Test {
 protected:
  Compare() { std::ofstream(file_) << arms; }

  Words words(const std::string& out, const Words& more = {}) const {
    Words all = {MUSTER_PROGRAM, "compare", file_, "--out", folder_ / out, "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  const TemporaryFolder folder_;
  const std::string file_ = folder_ / "comparison.toml";
};

/// A result without what differs between two honest repetitions: times, and where it lies.
nlohmann::json without_times(const std::string& text) {
  auto json = nlohmann::json::parse(text);
  for (const char* key : {"folder", "command"}) json.erase(key);
  for (auto& arm : json["arms"])
    for (const char* key : {"seconds", "predicted"}) arm.erase(key);
  return json;
}

/// The programs that a process has started and that still run.
std::vector<int> children_of(int process) {
  std::vector<int> children;
  std::ifstream list("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) + "/children");
  for (int child = 0; list >> child;) children.push_back(child);
  return children;
}

/// Of the metrics that the runs of a comparison have written.
uintmax_t metrics_bytes(const std::string& folder) {
  uintmax_t bytes = 0;
  std::error_code changing;  // files come and go
  for (const char* run : {"constant/seed-1", "constant/seed-2", "qsr/seed-1", "qsr/seed-2"}) {
    const auto size = std::filesystem::file_size(folder + "/" + run + "/metrics.jsonl", changing);
    if (!changing) bytes += size;
  }
  return bytes;
}

/// Until one of its runs takes steps, at most 30 s.
bool wait_for_steps(const std::string& folder, uintmax_t beyond) {
  for (int i = 0; i < 1500; ++i) {
    if (metrics_bytes(folder) > beyond) return true;
    ::usleep(20'000);
  }
  return false;
}

bool is_gone(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(status, text)) return true;
  return text.find(") Z ") != std::string::npos;
}

TEST_F(Compare, TellsTheSameInJsonFilesAndTable) {
  const Ended ended = test::run(words("out", {"--seeds", "2", "--network", "100Mbit", "--run.steps", "40"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_EQ(told, nlohmann::json::parse(read_file(folder_ / "out/comparison.json")));
  ASSERT_EQ(told["arms"].size(), 2u);
  const auto& constant = told["arms"][0];
  EXPECT_EQ(constant["name"], "constant");
  EXPECT_EQ(constant["finished"], 2);
  EXPECT_EQ(constant["rounds"]["mean"], 10);
  EXPECT_EQ(constant["communication"]["mean"], 0.25);
  EXPECT_EQ(constant["seeds"], nlohmann::json::array({1, 2}));
  EXPECT_GT(constant["test_accuracy"]["mean"], 0.0);
  EXPECT_EQ(constant["predicted"]["speedup"], 1.0);
  EXPECT_GT(constant["predicted"]["communication"], 0.0);
  EXPECT_EQ(told["network"]["bits_per_second"], 1e8);
  EXPECT_THAT(read_file(folder_ / "out/report.html"), HasSubstr("100 Mbit/s and 100 µs"));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("[1/4] constant, seed 1: accuracy "), HasSubstr("(about "),
                               HasSubstr("[4/4] qsr, seed 2: accuracy "), Not(HasSubstr("step "))));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 4) << "a line a run: " << ended.err;
  EXPECT_THAT(read_file(folder_ / "out/qsr/seed-2/train.log"), HasSubstr("step "));
  Words again = {MUSTER_PROGRAM, "compare", file_,         "--out", folder_ / "out",
                 "--seeds",      "2",       "--run.steps", "40"};
  const Ended table = test::run(again);
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out,
              AllOf(HasSubstr("test accuracy"), HasSubstr("sample standard deviation over 2 seeds")));
  EXPECT_THAT(table.err,
              AllOf(HasSubstr("[3/4] constant, seed 2 (finished before, kept)"), HasSubstr("report.html")));
}

// Both rules begin with a round of four steps: with equal weights and data, its loss is the same to the last
// bit.
TEST_F(Compare, ArmsOfASeedBeginAlikeAndSeedsDiffer) {
  ASSERT_EQ(test::run(words("out", {"--seeds", "2", "--run.steps", "8"})).code, 0);
  const auto first_loss = [&](const std::string& run) {
    std::istringstream lines(read_file(folder_ / ("out/" + run + "/metrics.jsonl")));
    std::string line;
    std::getline(lines, line);
    return nlohmann::json::parse(line).at("loss").get<double>();
  };
  EXPECT_EQ(first_loss("constant/seed-1"), first_loss("qsr/seed-1"));
  EXPECT_EQ(first_loss("constant/seed-2"), first_loss("qsr/seed-2"));
  EXPECT_NE(first_loss("constant/seed-1"), first_loss("constant/seed-2"));
}

TEST_F(Compare, KilledAtAnyMomentTheSameCommandEndsWithTheSameTable) {
  const Words seeds = {"--seeds", "2"};
  const Ended whole = test::run(words("whole", seeds));
  ASSERT_EQ(whole.code, 0) << whole.err;
  RandomStream random({.seed = 3, .purpose = Purpose::test});
  int kills = 0;
  for (bool ended = false; !ended && kills < 40;) {
    const uintmax_t before = metrics_bytes(folder_ / "disturbed");
    ChildProcess program(words("disturbed", seeds));
    if (random.below(3) > 0) wait_for_steps(folder_ / "disturbed", before);
    ended = program.wait_for(0.5 * random.uniform());
    if (ended) break;
    // The comparison, its run, or both at once.
    const auto children = children_of(program.pid());
    const uint64_t whom = random.below(3);
    if (whom > 0)
      for (const int child : children) ::kill(child, SIGKILL);
    if (whom < 2) program.send(SIGKILL);
    program.wait();
    ++kills;
  }
  EXPECT_GE(kills, 5) << "the comparison was over before it was disturbed enough";
  const Ended last = test::run(words("disturbed", seeds));
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(without_times(last.out), without_times(whole.out));
  for (const char* run : {"constant/seed-1", "constant/seed-2", "qsr/seed-1", "qsr/seed-2"})
    EXPECT_EQ(read_file(folder_ / ("disturbed/" + std::string(run) + "/model.safetensors")),
              read_file(folder_ / ("whole/" + std::string(run) + "/model.safetensors")))
        << run;
}

TEST_F(Compare, CtrlCWritesACheckpointAndTellsHowToGoOn) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string out = "out" + std::to_string(signal);
    ChildProcess program(words(out, {"--run.steps", "1000000"}));
    ASSERT_TRUE(wait_for_steps(folder_ / out, 0));
    program.send(signal);
    ASSERT_TRUE(program.wait_for(30));
    const Ended ended = program.wait();
    EXPECT_EQ(ended.code, 128 + signal) << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("a checkpoint is written"),
                                 HasSubstr("Continue with the same command:\n  muster compare ")));
    EXPECT_THAT(ended.err, Not(HasSubstr("[2/2]")));
    EXPECT_FALSE(std::filesystem::is_empty(folder_ / (out + "/constant/seed-1/checkpoints")));
    EXPECT_TRUE(std::filesystem::exists(folder_ / (out + "/report.html")));
  }
}

TEST_F(Compare, ItsRunDoesNotOutliveIt) {
  ChildProcess program(words("out", {"--run.steps", "1000000"}));
  ASSERT_TRUE(wait_for_steps(folder_ / "out", 0));
  const auto children = children_of(program.pid());
  ASSERT_EQ(children.size(), 1u);
  program.send(SIGKILL);
  program.wait();
  for (int i = 0; i < 1500 && !is_gone(children.front()); ++i) ::usleep(10'000);
  EXPECT_TRUE(is_gone(children.front()));
}

TEST_F(Compare, MistakesAreToldBeforeAnyWork) {
  const auto expect_error = [&](const Words& more, const char* says) {
    const Ended ended = test::run(words("out", more));
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr(says));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  };
  expect_error({"--arm", "third: rule=quadratic"}, "arm 'third': schedule.rule = quadratic");
  expect_error({"--arm", "qsr: rule=qsr"}, "two arms have this name");
  expect_error({"--arm"}, "--arm = (no value)");
  expect_error({"--seeds", "0"}, "--seeds = 0");
  expect_error({"--network", "fast"}, "--network = fast");
  expect_error({"--latency", "1ms"}, "needs --network");
  expect_error({"--run.resume"}, "always resumes");
  expect_error({"--task.batchh", "5"}, "did you mean task.batch?");
}

TEST_F(Compare, AnotherComparisonInTheSameFolderIsRefusedNamingTheKey) {
  ASSERT_EQ(test::run(words("out", {"--run.steps", "8"})).code, 0);
  const std::string model = read_file(folder_ / "out/qsr/seed-1/model.safetensors");
  const Ended refused =
      test::run(words("out", {"--run.steps", "8", "--inner.momentum", "0.5", "--seeds", "2"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("inner.momentum = 0.9"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/constant/seed-2"));
  EXPECT_EQ(read_file(folder_ / "out/qsr/seed-1/model.safetensors"), model);
}

TEST_F(Compare, AnArmThatDivergesDoesNotStopTheOthers) {
  const Ended ended = test::run(
      words("out", {"--run.steps", "60", "--arm", "wild: peak=1e5", "--arm", "calm: rule=every_step"}));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("not finished: arm 'wild', seed 1: exit code 2"));
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_EQ(told["arms"][2]["finished"], 0);
  EXPECT_EQ(told["arms"][3]["finished"], 1);
  EXPECT_THAT(told["answer"].get<std::string>(), HasSubstr("One run has not finished"));
}

TEST_F(Compare, WhatFailsInEveryRunStopsAtOnce) {
  const Ended ended = test::run(
      words("out", {"--task.name", "cifar10", "--task.data", folder_ / "nothing", "--task.samples", "512"}));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("arm 'constant', seed 1 could not train"), Not(HasSubstr("[2/2]"))));
}

}  // namespace
}  // namespace muster
