// `muster chaos`: a run is disturbed by a plan, and what is said of it is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

Words chaos(const Words& flags, const std::string& out, const Words& launch, const Words& more) {
  Words words = {MUSTER_PROGRAM, "chaos"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--", "muster", "launch"});
  words.insert(words.end(), launch.begin(), launch.end());
  words.insert(words.end(), {"--",
                             "train",
                             "--task.model",
                             "mlp",
                             "--task.samples",
                             "512",
                             "--task.batch",
                             "4",
                             "--task.hidden",
                             "16",
                             "--rule",
                             "constant",
                             "--base_period",
                             "4",
                             "--learning_rate.peak",
                             "0.01",
                             "--evaluation.every",
                             "100000",
                             "--run.out",
                             out});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const Words elastic = {"-n", "3", "--min-workers", "1", "--restarts", "9", "--deadline", "2"};

TEST(Chaos, ARunSurvivesKillsAPairAndASleeper) {
  const TemporaryFolder folder;
  const Ended ended =
      test::run(chaos({"--kills", "2", "--pairs", "1", "--stops", "1", "--every", "0.2", "--json"},
                      folder / "run", elastic, {"--run.steps", "9000"}));
  ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  const json result = json::parse(ended.out);
  EXPECT_EQ(result["held"], true);
  EXPECT_EQ(result["steps"], 9000);
  EXPECT_EQ(result["rounds"], 2250);
  ASSERT_EQ(result["disturbances"].size(), 3U);
  size_t kills = 0, hit = 0;
  for (const json& one : result["disturbances"]) {
    EXPECT_LE(one["recovery_seconds"].get<double>(), 6);
    // The run may be over before those of the last one are back.
    EXPECT_TRUE(one["back_seconds"].is_number() || one == result["disturbances"].back());
    kills += one["kind"] == "kill" ? 1 : 0;
    hit += one["ranks"].size();
  }
  EXPECT_EQ(kills, 2U);
  EXPECT_EQ(hit, 4U) << "one pair";
  // What it says it did is what the launcher saw.
  EXPECT_THAT(ended.err, HasSubstr("was ended by signal 9"));
  EXPECT_THAT(ended.err, HasSubstr("generation 1: "));
}

TEST(Chaos, ARunThatIsOverTooSoonHasNotHeld) {
  const TemporaryFolder folder;
  const Ended ended =
      test::run(chaos({"--kills", "50", "--every", "1000"}, folder / "run",
                      {"-n", "2", "--min-workers", "1", "--deadline", "2"}, {"--run.steps", "200"}));
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("0 of 50"));
  EXPECT_THAT(ended.out, HasSubstr("give it more steps"));
  EXPECT_THAT(ended.out, HasSubstr("200 of 200 steps"));
}

// Without restarts the second death would leave fewer than --min-workers.
TEST(Chaos, SkipsWhatWouldLeaveTooFewAndSaysSo) {
  const TemporaryFolder folder;
  const Ended ended =
      test::run(chaos({"--kills", "2", "--every", "0.2"}, folder / "run",
                      {"-n", "2", "--min-workers", "1", "--deadline", "2"}, {"--run.steps", "2000"}));
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("skipped: of 1 processes too few would be left"));
  EXPECT_THAT(ended.out, HasSubstr("1 of 2"));
  EXPECT_THAT(ended.out, HasSubstr("2,000 of 2,000 steps"));
}

TEST(Chaos, CtrlCWakesTheSleeperAndEndsTheRunInGoodOrder) {
  const TemporaryFolder folder;
  ChildProcess run(chaos({"--stops", "1", "--stop-seconds", "600", "--every", "0.1"}, folder / "run", elastic,
                         {"--run.steps", "1000000"}));
  ASSERT_TRUE(run.wait_to_say("stop rank", 60));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  run.send(SIGINT);
  ASSERT_TRUE(run.wait_for(25)) << "a stopped rank would have to be killed after 30 s";
  EXPECT_EQ(run.wait().code, 130);
  EXPECT_TRUE(std::filesystem::exists(folder / "run/checkpoints"));
}

TEST(Chaos, RefusesWhatItCannotDisturb) {
  const TemporaryFolder folder;
  const auto said = [&](const Words& words) {
    const Ended ended = test::run(words);
    EXPECT_EQ(ended.code, 2) << ended.out;
    return ended.err;
  };
  EXPECT_THAT(said(chaos({}, folder / "run", {"-n", "3"}, {})), HasSubstr("must be elastic"));
  EXPECT_THAT(said(chaos({"--cuts", "1"}, folder / "run", elastic, {})), HasSubstr("network namespaces"));
  EXPECT_THAT(
      said(chaos({"--pairs", "1", "--kills", "1"}, folder / "run", {"-n", "3", "--min-workers", "2"}, {})),
      HasSubstr("fewer than --min-workers 2"));
  EXPECT_THAT(said({MUSTER_PROGRAM, "chaos", "--", "sleep", "1"}),
              HasSubstr("must be a run of muster launch"));
  std::ofstream(folder / "old") << "something";
  EXPECT_THAT(said(chaos({}, folder.path(), elastic, {})), HasSubstr("must be a new folder"));
}

}  // namespace
}  // namespace muster
