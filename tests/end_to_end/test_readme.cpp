// The commands of README.md run as they stand there, but for their length.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/documents/documents.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using documents::Command;
using test::Ended;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

const std::string root = MUSTER_SOURCE;

void take_flag(Words& words, const std::string& name) {
  const auto flag = std::find(words.begin(), words.end(), name);
  ASSERT_NE(flag, words.end()) << name;
  words.erase(flag, flag + 2);
}

TEST(Readme, ItsCommandsRun) {
  const auto commands = documents::commands_of("README.md", read_file(root + "/README.md"),
                                               {"build/release/bin/muster", "muster", "scripts/"});
  Words shown;
  for (const Command& command : commands)
    if (command.whole)
      shown.push_back(command.words[0] + (command.words.size() > 1 ? " " + command.words[1] : ""));
  // A command that is added must be run below, too.
  ASSERT_THAT(shown, ElementsAre("scripts/run", "build/release/bin/muster compare"));
  EXPECT_EQ(test::run({"/bin/bash", "-n", root + "/scripts/run"}).code, 0);

  Words words = std::find_if(commands.begin(), commands.end(), [](const Command& command) {
                  return command.whole && command.words.size() > 1;
                })->words;
  const TemporaryFolder folder;
  words[0] = MUSTER_PROGRAM;
  for (std::string& word : words)
    if (word.starts_with("configs/")) word = root + "/" + word;
  *(std::find(words.begin(), words.end(), "--out") + 1) = folder / "demo";
  for (const char* eight_seeds : {"--margin", "--seeds"}) take_flag(words, eight_seeds);
  words.insert(words.end(), {"--run.steps", "12", "--task.samples", "256", "--task.test_samples", "64",
                             "--learning_rate.warmup_steps", "2", "--json"});
  const Ended ended = test::run(words);
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto result = nlohmann::json::parse(ended.out);
  Words arms;
  for (const auto& arm : result["arms"]) arms.push_back(arm["name"]);
  EXPECT_THAT(arms, ElementsAre("every_step", "every_10", "every_100", "qsr"));
  EXPECT_THAT(read_file(folder / "demo/report.html"), HasSubstr("every_100"));
}

}  // namespace
}  // namespace muster
