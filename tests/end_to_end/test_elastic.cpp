// Workers die, sleep and come back; the run goes on, and its replicas stay equal (--run.verify at every
// meeting).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

Words elastic_run(const std::string& out, const Words& launch, const Words& more = {}) {
  Words words = {MUSTER_PROGRAM, "launch", "-n", "3", "--deadline", "4"};
  words.insert(words.end(), launch.begin(), launch.end());
  const Words train = {"--",
                       "train",
                       "--task.model",
                       "mlp",
                       "--task.samples",
                       "512",
                       "--task.batch",
                       "4",
                       "--run.steps",
                       "4000",
                       "--rule",
                       "constant",
                       "--base_period",
                       "4",
                       "--learning_rate.peak",
                       "0.01",
                       "--task.hidden",
                       "16",
                       "--run.verify",
                       "true",
                       "--run.verify_every",
                       "1",
                       "--evaluation.every",
                       "1000",
                       "--checkpoint.every",
                       "1000",
                       "--run.out",
                       out};
  words.insert(words.end(), train.begin(), train.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The processes of the run in this folder that train, by rank.
std::map<int, int> ranks_of(const std::string& out) {
  std::map<int, int> ranks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream command(entry.path() / "cmdline"), environment(entry.path() / "environ");
    std::stringstream words, variables;
    words << command.rdbuf();
    variables << environment.rdbuf();
    if (words.str().find("muster-engine") == std::string::npos || words.str().find(out) == std::string::npos)
      continue;
    const std::string text = std::string(1, '\0') + variables.str();
    const size_t at = text.find(std::string(1, '\0') + "RANK=");
    if (at != std::string::npos) ranks[std::atoi(text.c_str() + at + 6)] = std::atoi(pid.c_str());
  }
  return ranks;
}

int64_t lines(const std::string& path) {
  std::ifstream file(path);
  int64_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

/// Waits until the run has behind it so many rounds more than now.
bool goes_on(const std::string& out, int64_t rounds, double seconds) {
  const int64_t before = lines(out + "/metrics.jsonl");
  for (int i = 0; i < static_cast<int>(seconds * 20); ++i) {
    if (lines(out + "/metrics.jsonl") >= before + rounds) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

void expect_whole(const std::string& out, const Ended& ended) {
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto summary = nlohmann::json::parse(read_file(out + "/summary.json"));
  EXPECT_EQ(summary["steps"], 4000);
  EXPECT_EQ(summary["rounds"], 1000);
  // Better than guessing among ten classes; how far it gets depends on how many workers were there, and when.
  EXPECT_LT(summary["final_train_loss"].get<double>(), 2.3);
}

/// Whoever takes the file over tells of its own round, not of all that it has done since it came.
void expect_lines_of_one_round(const std::string& out) {
  std::ifstream file(out + "/metrics.jsonl");
  for (std::string text; std::getline(file, text);) {
    const auto line = nlohmann::json::parse(text);
    const double wall = line["wall_seconds"];
    if (wall < 1) continue;
    EXPECT_LT(line["seconds"].value("compute", 0.0) + line["seconds"].value("averaging", 0.0), wall / 2)
        << text;
  }
}

TEST(Elastic, WorkersAreKilledRankZeroAmongThemAndComeBack) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(elastic_run(out, {"--min-workers", "1", "--restarts", "9"}));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  int returned = 0;
  for (const int victim : {2, 0, 1}) {
    const auto ranks = ranks_of(out);
    ASSERT_TRUE(ranks.contains(victim));
    ::kill(ranks.at(victim), SIGKILL);
    EXPECT_TRUE(run.wait_to_say("3 of 3 processes go on", 30, ++returned))
        << "after the death of rank " << victim;
    EXPECT_TRUE(goes_on(out, 5, 20));
  }
  expect_whole(out, run.wait());
  expect_lines_of_one_round(out);
}

TEST(Elastic, TwoDieAtOnce) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(elastic_run(out, {"--min-workers", "1", "--restarts", "3"}));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  const auto ranks = ranks_of(out);
  ASSERT_EQ(ranks.size(), 3U);
  ::kill(ranks.at(0), SIGKILL);
  ::kill(ranks.at(2), SIGKILL);
  EXPECT_TRUE(goes_on(out, 40, 20));
  expect_whole(out, run.wait());
}

TEST(Elastic, ASleeperIsLeftBehindAndComesInAgain) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(elastic_run(out, {"--min-workers", "2"}));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  const int sleeper = ranks_of(out).at(1);
  ::kill(sleeper, SIGSTOP);
  EXPECT_TRUE(goes_on(out, 60, 20)) << "the others do not go on";
  ::kill(sleeper, SIGCONT);
  const Ended ended = run.wait();
  expect_whole(out, ended);
  EXPECT_THAT(ended.err, HasSubstr("generation 1: 2 of 3 processes go on"));
  EXPECT_THAT(ended.err, HasSubstr("generation 2: 3 of 3 processes go on"));
}

TEST(Elastic, TooFewWorkersEndTheRunAndItIsGoneOnWith) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  {
    ChildProcess run(elastic_run(out, {"--min-workers", "2"}));
    ASSERT_TRUE(run.wait_to_say("step ", 60));
    ASSERT_TRUE(goes_on(out, 260, 60));
    const auto ranks = ranks_of(out);
    ::kill(ranks.at(0), SIGKILL);
    ::kill(ranks.at(1), SIGKILL);
    EXPECT_NE(run.wait().code, 0);
  }
  ASSERT_TRUE(std::filesystem::exists(out + "/checkpoints"));
  const Ended again = test::run(elastic_run(out, {"--min-workers", "2"}, {"--run.resume"}));
  expect_whole(out, again);
  EXPECT_THAT(again.err, HasSubstr("going on from"));
}

}  // namespace
}  // namespace muster
