// muster serve on a disk whose flushes take long (tests/support/slow_disk.cpp), killed at many moments.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/stopwatch.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::ChildProcess;
using test::Ended;
using Words = std::vector<std::string>;

class SlowDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    const Ended told = test::run({MUSTER_PROGRAM, "status", "127.0.0.1:9", "--serve.patience", "0.2"});
    if (told.err.find("built without gRPC") != std::string::npos) GTEST_SKIP() << told.err;
  }
  Words command(const std::string& first, const std::string& more) const {
    std::istringstream in(first + " " + more +
                          " --task.name clusters --task.samples 512 --task.test_samples 128 --task.hidden 16 "
                          "--clusters.dimension 8 --inner.optimizer sgd --learning_rate.peak 0.01 "
                          "--async.local_steps 1 --run.workers 3 --run.steps 1000000 --evaluation.every 0 "
                          "--serve.beat 0.2 --serve.lease 60 --serve.keep_events --serve.snapshot_every 15");
    Words words = {"/usr/bin/env"};
    if (first == "serve") words.push_back("LD_PRELOAD=" MUSTER_SLOW_DISK);
    if (first == "serve") words.emplace_back("SLOW_DISK_MILLISECONDS=40");
    words.emplace_back(MUSTER_PROGRAM);
    for (std::string word; in >> word;) words.push_back(word);
    return words;
  }
  std::unique_ptr<ChildProcess> serve() const {
    auto server = std::make_unique<ChildProcess>(
        command("serve", "--run.out " + run_ + " --run.resume --serve.address " + address_));
    EXPECT_TRUE(server->wait_to_say("serving at", 120)) << "the server does not come back";
    return server;
  }
  std::string record(int worker) const { return folder_ / ("record" + std::to_string(worker)); }
  std::vector<std::string> acknowledged() const {
    std::vector<std::string> lines;
    for (int worker = 0; worker < 3; ++worker) {
      std::ifstream in(record(worker));
      for (std::string line; std::getline(in, line);) lines.push_back(line);
    }
    return lines;
  }
  void wait_for(size_t count) const {
    for (const Stopwatch watch; acknowledged().size() < count && watch.seconds() < 120;)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_GE(acknowledged().size(), count);
  }

  const test::TemporaryFolder folder_;
  const std::string run_ = folder_ / "run";
  const std::string address_ = "127.0.0.1:" + std::to_string(20000 + (::getpid() * 11) % 20000);
};

TEST_F(SlowDisk, AKilledServerHasEverythingThatItAcknowledged) {
  auto server = serve();
  std::vector<std::unique_ptr<ChildProcess>> workers;
  for (int worker = 0; worker < 3; ++worker)
    workers.push_back(std::make_unique<ChildProcess>(
        command("work " + address_, "--serve.give_up_after 120 --record " + record(worker))));
  std::mt19937 chance(1);
  for (int kill = 0; kill < 6; ++kill) {
    wait_for(acknowledged().size() + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 1500));
    server->send(SIGKILL);
    server->wait();
    server = serve();
  }
  wait_for(acknowledged().size() + 1);
  server->send(SIGTERM);
  EXPECT_EQ(server->wait().code, 128 + SIGTERM);
  for (const auto& worker : workers) worker->send(SIGKILL);
  for (const auto& worker : workers) worker->wait();
  const Ended replayed = test::run(command("serve", "--run.out " + run_ + " --replay --json"));
  ASSERT_EQ(replayed.code, 0) << replayed.err;
  std::set<std::string> counted;
  const json replay = json::parse(replayed.out);  // outlives the loop
  for (const auto& one : replay.at("contributions")) {
    std::ostringstream line;
    line << one[0].get<int64_t>() << ' ' << one[1].get<int64_t>() << ' ' << one[2].get<int64_t>();
    EXPECT_TRUE(counted.insert(line.str()).second) << line.str() << " was counted twice";
  }
  for (const std::string& line : acknowledged())
    EXPECT_TRUE(counted.contains(line)) << line << " was acknowledged and is gone";
}

}  // namespace
}  // namespace muster
