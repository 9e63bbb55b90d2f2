#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "muster/app/commands/commands.h"
#include "muster/app/processes/program.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

int broken(const Catalogue&, const std::vector<std::string>&) { throw Bug("two\nlines"); }
int no_memory(const Catalogue&, const std::vector<std::string>&) { throw std::bad_alloc(); }

constexpr std::array commands = {
    Command{"schedule", "preview", schedule_command}, Command{"train", "train", train_command},
    Command{"version", "version", version_command},   Command{"broken", "throws", broken},
    Command{"no_memory", "throws", no_memory},
};

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<std::string> words) {
  words.insert(words.begin(), "muster");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int code = run_program(catalogue, commands, static_cast<int>(pointers.size()), pointers.data());
  return {code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

TEST(Program, AloneTellsItsCommands) {
  for (const Outcome& outcome : {run({}), run({"--help"}), run({"help"}), run({"-h"})}) {
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("schedule"));
    EXPECT_THAT(outcome.out, HasSubstr("muster train "));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
}

TEST(Program, HelpOfACommandHasTwoSpellings) {
  EXPECT_EQ(run({"help", "schedule"}).out, run({"schedule", "--help"}).out);
  EXPECT_THAT(run({"train", "-h"}).out, HasSubstr("--schedule.base_period"));
}

TEST(Program, HelpAndVersionAsPeopleAskForThem) {
  for (const Outcome& outcome : {run({"help", "--help"}), run({"help", "help"}), run({"--help", "-h"})}) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, run({"help"}).out);
  }
  EXPECT_EQ(run({"-V"}).out, run({"version"}).out);
}

TEST(Program, ErrorsAreOneLineAndExitTwo) {
  const Outcome unknown = run({"schedul"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.err,
            "muster: error: command = schedul: there is no such command; did you mean schedule?\n");
  EXPECT_THAT(unknown.out, IsEmpty());
  EXPECT_EQ(run({"no_memory"}).code, 2);
}

TEST(Program, OurOwnFaultsExitOneInOneLine) {
  const Outcome outcome = run({"broken"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "muster: internal error: two lines\n");
}

TEST(Program, VersionAsTextAndJson) {
  EXPECT_THAT(run({"--version"}).out, StartsWith("muster "));
  const auto object = nlohmann::json::parse(run({"version", "--json"}).out);
  EXPECT_EQ("muster " + object["version"].get<std::string>() + "\n", run({"version"}).out);
}

TEST(Program, PrintConfigNeedsNoEngine) {
  const Outcome outcome = run({"train", "--print-config", "--rule", "constant"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("\nrule = \"constant\"\n"));
  const auto object = nlohmann::json::parse(run({"train", "--print-config", "--json"}).out);
  EXPECT_EQ(object["schedule"]["rule"], "qsr");
}

}  // namespace
}  // namespace muster
