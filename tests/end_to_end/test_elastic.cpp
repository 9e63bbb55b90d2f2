// Workers die, sleep and come back; the run goes on, and its replicas stay equal (--run.verify at every
// meeting).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/have_gloo.h"
#include "tests/support/ranks_of.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::ranks_of;
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

void expect_whole(const std::string& out, const Ended& ended, int64_t steps = 4000) {
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto summary = nlohmann::json::parse(read_file(out + "/summary.json"));
  EXPECT_EQ(summary["steps"], steps);
  EXPECT_EQ(summary["rounds"], steps / 4);
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
  // The two that are left go on while the third starts: the run must outlast three starts.
  const int64_t steps = 16000;
  ChildProcess run(
      elastic_run(out, {"--min-workers", "1", "--restarts", "9"}, {"--run.steps", std::to_string(steps)}));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  int returned = 0;
  for (const int victim : {2, 0, 1}) {
    const auto ranks = ranks_of(out);
    ASSERT_TRUE(ranks.contains(victim));
    ::kill(ranks.at(victim), SIGKILL);
    EXPECT_TRUE(run.wait_to_say("3 of 3 processes continue", 30, ++returned))
        << "after the death of rank " << victim;
    EXPECT_TRUE(goes_on(out, 5, 20));
  }
  expect_whole(out, run.wait(), steps);
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
  EXPECT_THAT(ended.err, HasSubstr("generation 1: 2 of 3 processes continue"));
  EXPECT_THAT(ended.err, HasSubstr("generation 2: 3 of 3 processes continue"));
}

// What is on the disk at the moment of their death is gone on with by hand as by those who come again.
TEST(Elastic, AllAreKilledAtOnceAndGoOnFromTheCheckpointToTheSameBits) {
  const TemporaryFolder folder;
  const std::string out = folder / "run", by_hand = folder / "by_hand";
  ChildProcess run(
      elastic_run(out, {"--min-workers", "2", "--restarts", "3"}, {"--checkpoint.every", "200"}));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 120, 60));
  for (const auto& [rank, pid] : ranks_of(out)) ::kill(pid, SIGKILL);
  std::filesystem::copy(out, by_hand, std::filesystem::copy_options::recursive);
  const Ended ended = run.wait();
  expect_whole(out, ended);
  EXPECT_THAT(ended.err, HasSubstr("resuming from"));
  const Ended resumed =
      test::run({MUSTER_PROGRAM, "train", by_hand + "/config.toml", "--run.resume", "--run.out", by_hand});
  expect_whole(by_hand, resumed);
  EXPECT_EQ(read_file(out + "/model.safetensors"), read_file(by_hand + "/model.safetensors"));
}

TEST(Elastic, WithoutALauncherASleeperIsWaitedForNoLongerThanTheDeadline) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess launcher(elastic_run(out, {"--min-workers", "2"}));
  ASSERT_TRUE(launcher.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  const auto ranks = ranks_of(out);
  ASSERT_EQ(ranks.size(), 3U);
  launcher.send(SIGKILL);
  launcher.wait();
  // Not before: a process that is stopped when its parent dies is woken by the kernel, with SIGHUP.
  ::kill(ranks.at(1), SIGSTOP);
  bool over = false;
  for (int i = 0; i < 600 && !over; ++i) {
    over = ranks_of(out).size() == 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(over) << "the orphans wait for the one that sleeps";
  EXPECT_FALSE(std::filesystem::is_empty(out + "/checkpoints"));
  ::kill(ranks.at(1), SIGKILL);
  expect_whole(out, test::run({MUSTER_PROGRAM, "train", out + "/config.toml", "--run.resume"}));
}

/// A network namespace with a loopback interface of its own. Gone with its owner.
class OwnLoopback {
 public:
  OwnLoopback() { ready_ = ip({"netns", "add", name_}) && set("up"); }
  ~OwnLoopback() { ip({"netns", "del", name_}); }
  OwnLoopback(const OwnLoopback&) = delete;
  OwnLoopback& operator=(const OwnLoopback&) = delete;

  bool ready() const { return ready_; }
  bool set(const std::string& how) const { return ip({"-n", name_, "link", "set", "lo", how}); }
  Words inside(Words words) const {
    words.insert(words.begin(), {"/usr/bin/env", "ip", "netns", "exec", name_});
    return words;
  }

 private:
  static bool ip(Words words) {
    words.insert(words.begin(), {"/usr/bin/env", "ip"});
    return test::run(words).code == 0;
  }

  std::string name_ = "muster-lo-" + std::to_string(::getpid());
  bool ready_ = false;
};

TEST(Elastic, ANetworkThatWasDownForAWhileEndsNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  const OwnLoopback loopback;
  if (!loopback.ready()) GTEST_SKIP() << "no network namespaces: ip is missing or not allowed";
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(loopback.inside(
      elastic_run(out, {"--min-workers", "2", "--restarts", "3", "--deadline", "1"},
                  {"--comm.interface", "lo", "--comm.links", test::have_gloo ? "gloo" : "auto"})));
  ASSERT_TRUE(run.wait_to_say("step ", 60));
  ASSERT_TRUE(goes_on(out, 20, 30));
  ASSERT_TRUE(loopback.set("down"));
  std::this_thread::sleep_for(std::chrono::seconds(4));  // longer than the store's link is believed in
  ASSERT_TRUE(loopback.set("up"));
  const Ended ended = run.wait();
  expect_whole(out, ended);
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("is started again")));
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
  EXPECT_THAT(again.err, HasSubstr("resuming from"));
}

}  // namespace
}  // namespace muster
