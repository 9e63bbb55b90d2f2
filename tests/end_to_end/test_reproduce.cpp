// muster reproduce: killed at any moment, the same command ends with the same table; what fails is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
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
words = "study teacher --threads 1 --seeds 2 --steps 1000 --seed {seed} --arm 'often: rule=constant base_period=2' --arm 'rarely: rule=constant base_period=50'"
seeds = [1, 11, 21, 31]
seeds_inside = 2
minutes = 0.01
[[run]]
name = "rounds"
words = "schedule --run.steps 1000 --schedule.rule constant --schedule.base_period 8"
minutes = 0.001
[[claim]]
id = "often-is-better"
claim = "Meeting often is better."
where = "nowhere"
kind = "measured"
here = "the teacher"
figures = [
  {name = "often", from = "teacher:/arms/name=often/excess_loss/by_seed/*"},
  {name = "rarely", from = "teacher:/arms/name=rarely/excess_loss/by_seed/*"},
]
parts = [{says = "often is lower", arm = "often", beside = "rarely", direction = "less"}]
shows = "{often:.4f}, {rarely:.4f}"
[[claim]]
id = "counts"
claim = "1,000 steps with period 8 are 125 meetings."
where = "arithmetic"
kind = "exact"
here = "a preview"
figures = [{name = "rounds", from = "rounds:/rounds"}]
numbers = [{figure = "rounds", number = 125, tolerance = 0.5}]
shows = "{rounds:.0f}"
[[claim]]
id = "elsewhere"
claim = "Something for other machines."
where = "nowhere"
kind = "not_testable"
here = "nothing"
needs = ["1,000 GPUs"]
commands = ["muster train configs/qsr.toml"]
)";

/// The row of a claim: rows stand in the order of their costs.
nlohmann::json row(const nlohmann::json& result, const std::string& id) {
  for (const auto& claim : result["claims"])
    if (claim["id"] == id) return claim;
  return {};
}

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
  const auto claim = [&](const char* id) { return row(told, id); };
  EXPECT_NE(claim("often-is-better")["verdict"], "failed") << claim("often-is-better");
  EXPECT_EQ(claim("often-is-better")["parts"][0]["seeds"], 8);
  EXPECT_EQ(claim("counts")["figure"], "125");
  EXPECT_EQ(claim("counts")["verdict"], "agrees");
  EXPECT_EQ(claim("elsewhere")["verdict"], "not_testable");
  EXPECT_EQ(told["counts"]["measured"]["rows"], 1);
  EXPECT_EQ(told["counts"]["exact"]["agrees"], 1);
  EXPECT_THAT(read_file(folder_ / "out/report.html"),
              AllOf(HasSubstr("Meeting often is better."), HasSubstr("Of 1 measured claim, ")));
}

TEST_F(Reproduce, ListsEveryRowAndRunsNothing) {
  Words asked = words("out");
  asked.push_back("--list");
  const auto listed = nlohmann::json::parse(test::run(asked).out);
  ASSERT_EQ(listed["rows"].size(), 3U);
  EXPECT_EQ(listed["counts"]["measured"], 1);
  EXPECT_EQ(listed["counts"]["not_testable"], 1);
  asked.erase(std::find(asked.begin(), asked.end(), "--json"));
  EXPECT_THAT(test::run(asked).out, AllOf(HasSubstr("often-is-better"), HasSubstr("not testable here")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

/// A copy of the program with another digest of its sources.
TEST_F(Reproduce, ChangedCodeReusesNothing) {
  const std::string program = folder_ / "muster";
  std::filesystem::copy_file(MUSTER_PROGRAM, program);
  Words asked = words("out");
  asked[0] = program;
  ASSERT_EQ(test::run(asked).code, 0);
  EXPECT_THAT(test::run(asked).err, HasSubstr("5 of 5 runs were finished before"));
  std::string code = read_file(program);
  const std::regex mark("muster-sources:[0-9a-f]{16}");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(code, found, mark)) << "the program carries no digest of its sources";
  const auto digit = static_cast<size_t>(found.position()) + 15;
  code[digit] = code[digit] == '0' ? '1' : '0';
  std::ofstream(program, std::ios::binary | std::ios::trunc) << code;
  const Ended changed = test::run(asked);
  EXPECT_EQ(changed.code, 0) << changed.err;
  EXPECT_THAT(changed.err, Not(HasSubstr("were finished before")));
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
  EXPECT_EQ(row(nlohmann::json::parse(ended.out), "counts")["verdict"], "differs");
}

TEST_F(Reproduce, AFailedRunFailsItsClaimAndNoOther) {
  write(changed("--schedule.base_period 8", "--schedule.base_period 0"));
  const Ended ended = test::run(words("out"));
  EXPECT_EQ(ended.code, 2);
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_NE(row(told, "often-is-better")["verdict"], "failed");
  EXPECT_EQ(row(told, "counts")["verdict"], "failed");
  EXPECT_THAT(row(told, "counts")["reason"].get<std::string>(), HasSubstr("schedule.base_period"));
}

TEST_F(Reproduce, AtThePapersScaleTheHostsThatAreThereTrain) {
  write(std::string(claims) + R"(
[claim.at_paper_scale]
kind = "exact"
here = "two processes"
needs = ["workers:2"]
figures = [{name = "workers", from = "large:/workers"}, {name = "rounds", from = "large:/rounds"}]
numbers = [{figure = "workers", number = 2, tolerance = 0.1}, {figure = "rounds", number = 5, tolerance = 0.1}]
shows = "{workers:.0f} workers, {rounds:.0f} rounds"
[[run]]
name = "large"
words = "launch -n 2 --hosts {hosts} -- train --task.model mlp --task.hidden 8 --task.samples 64 --task.batch 4 --run.steps 20 --schedule.rule constant --schedule.base_period 4 --run.out {out} --run.resume"
)");
  Words asked = words("out");
  asked.insert(asked.end(), {"--scale", "paper"});
  const auto without = row(nlohmann::json::parse(test::run(asked).out), "elsewhere");
  EXPECT_EQ(without["verdict"], "not_testable");
  EXPECT_THAT(without["commands"][0].get<std::string>(), HasSubstr("--hosts HOSTS"));
  std::ofstream(folder_ / "hosts") << "localhost slots=2";
  asked.insert(asked.end(), {"--hosts", folder_ / "hosts"});
  const auto with = row(nlohmann::json::parse(test::run(asked).out), "elsewhere");
  EXPECT_EQ(with["verdict"], "agrees") << with;
  EXPECT_EQ(with["figure"], "2 workers, 5 rounds");
}

constexpr const char* grid = R"(
[[tune]]
name = "rate"
words = "study teacher --threads 1 --seeds 2 --steps 100 --seed {seed} --learning-rate {value} --arm 'a: rule=every_step'"
setting = "learning rate"
grid = [0.001, 0.002, 0.004]
seeds = [101, 102]
result = "/arms/0/excess_loss/mean"
best = "least"
minutes = 0.001
)";

TEST_F(Reproduce, TuningWidensAGridWhoseBestLiesOnItsEdge) {
  write(std::string(claims) + grid);
  Words asked = words("out");
  asked.back() = "--tune";
  const Ended ended = test::run(asked);
  EXPECT_THAT(ended.err,
              HasSubstr("the best is on the edge of the grid, which now goes from 0.001 to 0.008"));
  const std::string settings = read_file(folder_ / "out/settings.toml");
  if (ended.code == 0)
    EXPECT_THAT(settings, HasSubstr("name = \"rate\""));
  else  // after so many extensions it says so
    EXPECT_THAT(ended.err, HasSubstr("still on the edge"));
  const Ended again = test::run(asked);
  EXPECT_THAT(again.err, Not(HasSubstr(" begins")));
  EXPECT_EQ(again.code, ended.code);
}

/// The training that a printed command starts: behind `--` of a launch.
std::string training_of(const std::string& command) {
  const size_t at = command.find(" -- train ");
  return at == std::string::npos ? command : "muster" + command.substr(at + 3);
}

TEST_F(Reproduce, EveryPrintedTrainingPrintsItsConfiguration) {
  std::filesystem::create_directories(folder_ / "out");
  std::filesystem::copy(MUSTER_SOURCE "/configs", folder_ / "out/configs",
                        std::filesystem::copy_options::recursive);
  int printed = 0;
  for (const char* scale : {"small", "paper"}) {
    const Ended listed = test::run(
        {MUSTER_PROGRAM, "reproduce", "all", "--out", folder_ / "out", "--scale", scale, "--list", "--json"});
    ASSERT_EQ(listed.code, 0) << listed.err;
    const auto list = nlohmann::json::parse(listed.out);
    for (const auto& one : list["rows"])
      for (const auto& command : one["commands"]) {
        const std::string text = training_of(command.get<std::string>());
        if (!text.starts_with("muster train ") && !text.starts_with("muster simulate ")) continue;
        const std::string asked = MUSTER_PROGRAM + text.substr(6) + " --print-config";
        const Ended ended = test::run({"/bin/sh", "-c", asked});
        EXPECT_EQ(ended.code, 0) << text << "\n" << ended.err;
        EXPECT_THAT(ended.out, HasSubstr("run")) << text;
        ++printed;
      }
  }
  EXPECT_GT(printed, 20);
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
