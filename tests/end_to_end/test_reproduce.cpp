// muster reproduce: killed at any moment, the same command ends with the same table; what fails is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr const char* claims = R"(
name = "quick"
title = "Quick claims"
[[run]]
name = "teacher"
words = "study teacher --threads 1 --seeds 2 --steps 2000 --seed {seed} --arm 'often: rule=constant base_period=2' --arm 'rarely: rule=constant base_period=50'"
seeds = [1, 11, 21, 31]
minutes = 0.01
[[run]]
name = "rounds"
words = "schedule --run.steps 1000 --schedule.rule constant --schedule.base_period 8"
minutes = 0.001
[[claim]]
id = "often-is-better"
claim = "Meeting often is better."
where = "nowhere"
here = "the teacher"
figures = [
  {name = "often", from = "teacher:/arms/name=often/excess_loss/mean"},
  {name = "rarely", from = "teacher:/arms/name=rarely/excess_loss/mean"},
  {name = "away", each = "rarely - often"},
]
holds = "mean(away) > 0"
shows = "{often:.4f}, {rarely:.4f}"
[[claim]]
id = "counts"
claim = "1,000 steps with period 8 are 125 meetings."
where = "arithmetic"
here = "a preview"
figures = [{name = "rounds", from = "rounds:/rounds"}]
holds = "rounds == 125"
shows = "{rounds:.0f}"
[[claim]]
id = "elsewhere"
claim = "Something for other machines."
where = "nowhere"
here = "nothing"
needs = ["1,000 GPUs"]
)";

class Reproduce : public ::testing::Test {
 protected:
  Reproduce() {
    std::filesystem::create_directories(folder_ / "claims");
    write(claims);
  }

  void write(const std::string& text) const { std::ofstream(folder_ / "claims/quick.toml") << text; }

  Words words(const std::string& out) const {
    return {MUSTER_PROGRAM, "reproduce",   "all",    "--claims", folder_ / "claims",
            "--out",        folder_ / out, "--jobs", "2",        "--json"};
  }

  std::string changed(const std::string& from, const std::string& to) const {
    std::string text = claims;
    return text.replace(text.find(from), from.size(), to);
  }

  const test::TemporaryFolder folder_;
};

/// A result without what differs between two honest repetitions: times, and where it lies.
nlohmann::json without_times(const std::string& text) {
  auto json = nlohmann::json::parse(text);
  json.erase("command");
  json.erase("runs");
  return json;
}

TEST_F(Reproduce, TellsVerdictsInJsonTableAndPage) {
  const Ended ended = test::run(words("out"));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_EQ(told, nlohmann::json::parse(read_file(folder_ / "out/reproduce.json")));
  EXPECT_EQ(told["claims"][0]["verdict"], "holds");
  EXPECT_EQ(told["claims"][1]["figure"], "125");
  EXPECT_EQ(told["claims"][2]["verdict"], "not_testable");
  EXPECT_THAT(read_file(folder_ / "out/report.html"),
              AllOf(HasSubstr("Meeting often is better."), HasSubstr("rounds == 125")));
}

TEST_F(Reproduce, KilledAndResumedEndsWithTheSameTable) {
  const Ended undisturbed = test::run(words("a"));
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.err;
  for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
    ChildProcess child(words("b"));
    ASSERT_TRUE(child.wait_to_say(" begins", 20));
    std::this_thread::sleep_for(std::chrono::milliseconds(signal == SIGTERM ? 150 : 60));
    child.send(signal);
    const Ended ended = child.wait();
    if (signal != SIGKILL && ended.code != 0) {
      EXPECT_EQ(ended.code, 128 + signal);
      EXPECT_THAT(ended.err, HasSubstr("finished runs are kept"));
    }
  }
  const Ended resumed = test::run(words("b"));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(without_times(resumed.out), without_times(undisturbed.out));
  const Ended again = test::run(words("b"));
  EXPECT_THAT(again.err, AllOf(HasSubstr("5 of 5 runs were finished before"), Not(HasSubstr("begins"))));
  EXPECT_EQ(again.out, resumed.out);
}

TEST_F(Reproduce, AChangedCommandIsRunAnew) {
  ASSERT_EQ(test::run(words("out")).code, 0);
  write(changed("--schedule.base_period 8", "--schedule.base_period 9"));
  const Ended ended = test::run(words("out"));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("4 of 5 runs"), HasSubstr("rounds ended")));
  EXPECT_EQ(nlohmann::json::parse(ended.out)["claims"][1]["verdict"], "not_shown");
}

TEST_F(Reproduce, AFailedRunFailsItsClaimAndNoOther) {
  write(changed("--schedule.base_period 8", "--schedule.base_period 0"));
  const Ended ended = test::run(words("out"));
  EXPECT_EQ(ended.code, 2);
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_EQ(told["claims"][0]["verdict"], "holds");
  EXPECT_EQ(told["claims"][1]["verdict"], "failed");
  EXPECT_THAT(told["claims"][1]["reason"].get<std::string>(), HasSubstr("schedule.base_period"));
}

TEST_F(Reproduce, AtThePapersScaleTheHostsThatAreThereTrain) {
  write(std::string(claims) + R"(
[claim.at_paper_scale]
here = "two processes"
needs = ["workers:2"]
figures = [{name = "workers", from = "large:/workers"}, {name = "rounds", from = "large:/rounds"}]
holds = "workers == 2 && rounds == 5"
shows = "{workers:.0f} workers, {rounds:.0f} rounds"
[[run]]
name = "large"
words = "launch -n 2 --hosts {hosts} -- train --task.model mlp --task.hidden 8 --task.samples 64 --task.batch 4 --run.steps 20 --schedule.rule constant --schedule.base_period 4 --run.out {out} --run.resume"
)");
  Words asked = words("out");
  asked.insert(asked.end(), {"--scale", "paper"});
  const auto without = nlohmann::json::parse(test::run(asked).out);
  EXPECT_EQ(without["claims"][2]["verdict"], "not_testable");
  EXPECT_THAT(without["claims"][2]["commands"][0].get<std::string>(), HasSubstr("--hosts HOSTS"));
  std::ofstream(folder_ / "hosts") << "localhost slots=2";
  asked.insert(asked.end(), {"--hosts", folder_ / "hosts"});
  const auto with = nlohmann::json::parse(test::run(asked).out);
  EXPECT_EQ(with["claims"][2]["verdict"], "holds") << with["claims"][2];
  EXPECT_EQ(with["claims"][2]["figure"], "2 workers, 5 rounds");
}

TEST_F(Reproduce, DryRunListsCommandsAndWritesNothing) {
  Words asked = words("out");
  asked.push_back("--dry-run");
  const Ended ended = test::run(asked);
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(nlohmann::json::parse(ended.out).size(), 5U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace muster
