// muster serve, work and status as processes: killed, restarted, refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "muster/base/file.h"
#include "muster/base/stopwatch.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::ChildProcess;
using test::Ended;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Words words_of(const std::string& text) {
  Words words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class Serve : public ::testing::Test {
 protected:
  void SetUp() override {
    const Ended told = test::run({MUSTER_PROGRAM, "status", "127.0.0.1:9", "--serve.patience", "0.2"});
    if (told.err.find("built without gRPC") != std::string::npos) GTEST_SKIP() << told.err;
  }
  Words command(const std::string& first, const std::string& more = "", const std::string& keys = "") const {
    Words words = {MUSTER_PROGRAM};
    for (const std::string& part : {first,
                                    "--task.name clusters --task.samples 2048 --task.test_samples 512 "
                                    "--task.hidden 16 --clusters.dimension 32 "
                                    "--inner.optimizer adamw --learning_rate.peak 0.01 --async.local_steps 5 "
                                    "--run.workers 2 --run.steps 1000 "
                                    "--evaluation.every 0 --serve.beat 0.2 --serve.lease 3 "
                                    "--serve.keep_events --serve.snapshot_every 20 " +
                                        keys,
                                    more})
      for (const auto& word : words_of(part)) words.push_back(word);
    return words;
  }
  std::unique_ptr<ChildProcess> serve(const std::string& more = "") const {
    return std::make_unique<ChildProcess>(command(
        "serve", "--run.out " + run_ + " --json --run.resume --serve.address " + address_ + " " + more));
  }
  std::unique_ptr<ChildProcess> work(const std::string& name, const std::string& more = "") const {
    return std::make_unique<ChildProcess>(
        command("work " + address_, "--least-step-seconds 0.01 --serve.give_up_after 120 --record " +
                                        (folder_ / name) + ".record " + more));
  }
  bool reaches(const std::string& name, size_t rounds, double seconds = 60) const {
    for (const Stopwatch watch; watch.seconds() < seconds;
         std::this_thread::sleep_for(std::chrono::milliseconds(20)))
      if (lines_of((folder_ / name) + ".record").size() >= rounds) return true;
    return false;
  }

  const test::TemporaryFolder folder_;
  const std::string run_ = folder_ / "run";
  const std::string address_ = "127.0.0.1:" + std::to_string(20000 + (::getpid() * 7) % 20000);
};

TEST_F(Serve, KilledServersAndWorkersLoseNothingThatWasAcknowledged) {
  auto server = serve("--serve.start_with 2");
  auto first = work("first"), second = work("second");
  ASSERT_TRUE(reaches("first", 5) && reaches("second", 5));
  server->send(SIGKILL);
  server->wait();
  server = serve();
  ASSERT_TRUE(reaches("first", 12) && reaches("second", 12));
  second->send(SIGKILL);
  second->wait();
  second = work("second");
  ASSERT_TRUE(reaches("second", 15));
  server->send(SIGKILL);
  server->wait();
  server = serve();
  const Ended ended = server->wait();
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(first->wait().code, 0);
  EXPECT_EQ(second->wait().code, 0);
  const json summary = json::parse(ended.out);
  EXPECT_GE(summary["async"]["local_steps"], 1000);
  EXPECT_LT(summary["final_test_loss"], 2.2);  // of 10 classes: 2.30 untrained
  const Ended replayed = test::run(command("serve", "--run.out " + run_ + " --replay --json"));
  EXPECT_EQ(replayed.code, 0) << replayed.err;
  const json replay = json::parse(replayed.out);
  EXPECT_TRUE(replay["same"]);
  std::set<std::string> counted;
  for (const auto& one : replay["contributions"]) {
    std::ostringstream line;
    line << one[0].get<int64_t>() << ' ' << one[1].get<int64_t>() << ' ' << one[2].get<int64_t>();
    EXPECT_TRUE(counted.insert(line.str()).second) << line.str() << " was counted twice";
  }
  EXPECT_EQ(counted.size(), summary["async"]["versions"]);
  for (const char* name : {"first", "second"})
    for (const auto& line : lines_of((folder_ / name) + ".record"))
      EXPECT_TRUE(counted.contains(line)) << line << " was acknowledged and is gone";
  // The page's record goes on over the kills; at most what was counted just before one is not in it.
  const Ended reported = test::run({MUSTER_PROGRAM, "report", run_, "--json"});
  ASSERT_EQ(reported.code, 0) << reported.err;
  const json told = json::parse(reported.out)["runs"][0];
  EXPECT_LE(told["versions"], summary["async"]["versions"]);
  EXPECT_GE(told["versions"].get<int>() + 8, summary["async"]["versions"].get<int>());
  EXPECT_EQ(told["final_test_loss"], summary["final_test_loss"]);
  // Nothing is left to do.
  EXPECT_EQ(serve()->wait().code, 0);
}

TEST_F(Serve, TellsAWorkerWhatDoesNotFit) {
  const auto server = serve();
  ASSERT_TRUE(server->wait_to_say("serving at", 30));
  test::expect_one_line_error(test::run(command("work " + address_, "", "--seed 7")),
                              {"run.seed is '1' there, '7' here"});
  test::expect_one_line_error(
      test::run(command("work " + address_, "", "--inner.momentum 0.5 --inner.optimizer sgd")), {"inner."});
  const Ended status = test::run({MUSTER_PROGRAM, "status", address_, "--json"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_EQ(json::parse(status.out)["counts"]["other_configuration"], 2);
  EXPECT_THAT(test::run({MUSTER_PROGRAM, "status", address_}).out, HasSubstr("other_configuration 2"));
  server->send(SIGTERM);
  const Ended ended = server->wait();
  EXPECT_EQ(ended.code, 128 + SIGTERM);
  EXPECT_THAT(ended.err, HasSubstr("resume with:\n  muster serve "));
}

// A worker needs to know where the server is, and nothing else; and who watches sees the run's end.
TEST_F(Serve, AWorkerAsksForTheConfigurationAndAWatcherSeesTheEnd) {
  const auto server = serve("--run.steps 200");
  ASSERT_TRUE(server->wait_to_say("serving at", 30));
  ChildProcess watcher({MUSTER_PROGRAM, "status", address_, "--every", "0.2", "--json"});
  const Ended worked = test::run({MUSTER_PROGRAM, "work", address_});
  EXPECT_EQ(worked.code, 0) << worked.err;
  const Ended watched = watcher.wait();
  EXPECT_EQ(watched.code, 0) << watched.err;
  ASSERT_GT(watched.out.size(), 1U);
  const size_t last = watched.out.rfind('\n', watched.out.size() - 2) + 1;  // 0 where there is one line
  EXPECT_EQ(json::parse(watched.out.substr(last))["finished"], true) << watched.out.substr(last);
  EXPECT_EQ(server->wait().code, 0);
}

TEST_F(Serve, SpeaksPlainTextOnThisMachineOnly) {
  test::expect_one_line_error(test::run(command("serve", "--serve.address 0.0.0.0:0 --run.out " + run_)),
                              {"allow_plaintext_beyond_loopback"});
  test::expect_one_line_error(test::run(command("work example.org:7077")),
                              {"allow_plaintext_beyond_loopback"});
  test::expect_one_line_error(test::run({MUSTER_PROGRAM, "status", "nonsense"}), {"HOST:PORT"});
}

TEST_F(Serve, AWorkerGivesUpInTheEnd) {
  test::expect_one_line_error(test::run(command("work 127.0.0.1:9", "", "--serve.give_up_after 0.3")),
                              {"gave up"});
}

// Where nobody may find out by a folder that is not empty any more.
TEST_F(Serve, WhatIsRefusedLeavesTheFolderFree) {
  const auto first = serve();
  ASSERT_TRUE(first->wait_to_say("serving at", 60));
  const std::string second = folder_ / "second";
  const Words again = command("serve", "--run.out " + second + " --serve.address " + address_);
  for (int time = 0; time < 2; ++time) test::expect_one_line_error(test::run(again), {"cannot listen"});
  const std::string missing = " --run.start_from " + (folder_ / "none.safetensors");
  const Words wrong = command("serve", "--run.out " + second + " --serve.address 127.0.0.1:0" + missing);
  for (int time = 0; time < 2; ++time) test::expect_one_line_error(test::run(wrong), {"none.safetensors"});
  ChildProcess free(command("serve", "--run.out " + second + " --serve.address 127.0.0.1:0"));
  EXPECT_TRUE(free.wait_to_say("serving at", 60));
}

/// Flips a bit in the middle of a file.
void damage(const std::string& path) {
  std::string content = read_file(path);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 8);
  write_file_atomically(path, content);
}

/// The newest of its kind in a server's folder.
std::string newest(const std::string& folder, const std::string& prefix) {
  std::string name;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(prefix)) name = std::max(name, entry.path().string());
  return name;
}

TEST_F(Serve, ComesBackFromDamageOrSaysWhatItWouldDrop) {
  auto server = serve("--serve.keep_events false --run.steps 100000");
  const auto worker = work("first", "--run.steps 100000");
  ASSERT_TRUE(reaches("first", 45));
  server->send(SIGKILL);
  server->wait();
  damage(newest(run_, "snapshot-"));
  server = serve("--serve.keep_events false --run.steps 100000");
  ASSERT_TRUE(server->wait_to_say("continuing from snapshot-", 60));
  ASSERT_TRUE(server->wait_to_say("serving at", 60));
  const size_t before = lines_of((folder_ / "first") + ".record").size();
  ASSERT_TRUE(reaches("first", before + 5));
  server->send(SIGKILL);
  server->wait();
  std::filesystem::remove(newest(run_, "events-"));
  test::expect_one_line_error(serve("--serve.keep_events false --run.steps 100000")->wait(),
                              {"is missing", "--recover", "acknowledged"});
  server = serve("--serve.keep_events false --run.steps 100000 --recover");
  ASSERT_TRUE(server->wait_to_say("dropped ", 60));
  ASSERT_TRUE(server->wait_to_say("contributions that were acknowledged", 60));
  EXPECT_TRUE(server->wait_to_say("serving at", 60));
}

TEST_F(Serve, AFinishedResultIsWholeOrMadeAgain) {
  auto server = serve("--run.steps 100");
  const auto worker = work("first", "--run.steps 100");
  ASSERT_EQ(server->wait().code, 0);
  const std::string model = run_ + "/model.safetensors", summary = run_ + "/summary.json";
  const std::string whole = read_file(model);
  const auto expect_made_again = [&](const char* why) {
    const Ended ended = serve("--run.steps 100")->wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, ::testing::AllOf(HasSubstr(why), HasSubstr("made again")));
    EXPECT_EQ(read_file(model), whole);
  };
  std::filesystem::remove(model);
  expect_made_again("is missing");
  damage(model);
  expect_made_again("not what the run wrote");
  std::ofstream(summary, std::ios::trunc) << "";
  expect_made_again("is empty");
  std::ofstream(run_ + "/arrivals.jsonl", std::ios::app) << "{\"arrival\":[1,2]}\n";
  std::filesystem::remove(model);
  expect_made_again("left out 1 damaged");
  const Ended done = serve("--run.steps 100")->wait();
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.err, HasSubstr("nothing to resume"));
  for (const char* prefix : {"snapshot-", "events-", "durable"})
    while (!newest(run_, prefix).empty()) std::filesystem::remove(newest(run_, prefix));
  std::filesystem::remove(model);
  test::expect_one_line_error(serve("--run.steps 100")->wait(),
                              {"model.safetensors", "nothing of its server"});
}

TEST_F(Serve, AFullDiskIsAClearErrorAndNothingIsLost) {
  auto server =
      std::make_unique<ChildProcess>(command("serve", "--run.out " + run_ + " --serve.address " + address_),
                                     test::ChildOptions{.file_size_limit = 30'000});
  const auto worker = work("first");
  const Ended full = server->wait();
  EXPECT_EQ(full.code, 2) << full.err;
  EXPECT_THAT(full.err, HasSubstr("muster: error: cannot"));
  const size_t acknowledged = lines_of((folder_ / "first") + ".record").size();
  server = serve();
  EXPECT_TRUE(reaches("first", acknowledged + 3));
}

}  // namespace
}  // namespace muster
