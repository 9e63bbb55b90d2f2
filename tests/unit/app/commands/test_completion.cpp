// What is generated from the list of help pages: completion, the manual page, and the help's own width.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "muster/app/commands/command_table.h"
#include "muster/app/commands/completion.h"
#include "muster/app/commands/help_list.h"
#include "muster/app/commands/manual_page.h"
#include "tests/support/built_in.h"
#include "tests/unit/app/temporary_file.h"

namespace muster {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

/// What bash offers for the last of the words.
Words offered(const Words& words) {
  const TemporaryFile script(bash_completion(catalogue), ".bash");
  std::string line = "bash --norc -c 'source " + script.path() + "; COMP_WORDS=(";
  for (const std::string& word : words) line += "\"" + word + "\" ";
  line += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _muster; echo \"${COMPREPLY[@]}\"' 2>&1";
  FILE* pipe = ::popen(line.c_str(), "r");
  std::string text;
  std::array<char, 4096> bytes{};
  while (std::fgets(bytes.data(), static_cast<int>(bytes.size()), pipe) != nullptr) text += bytes.data();
  ::pclose(pipe);
  std::istringstream in(text);
  Words all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

TEST(Completion, OffersCommandsFlagsKeysAndTheirWords) {
  EXPECT_THAT(offered({"muster", "si"}), ElementsAre("simulate", "signature"));
  EXPECT_THAT(offered({"muster", "help", "sched"}), ElementsAre("schedule"));
  EXPECT_THAT(offered({"muster", "train", "--schedule.ba"}),
              ElementsAre("--schedule.base_period", "--schedule.band"));
  EXPECT_THAT(offered({"muster", "train", "--schedule.rule", "p"}),
              ElementsAre("post_local", "power", "piecewise"));
  EXPECT_THAT(offered({"muster", "simulate", "--schedule."}), IsEmpty()) << "not one of its keys";
  EXPECT_THAT(offered({"muster", "train", "configs/"}), IsEmpty()) << "then bash offers files";
  EXPECT_THAT(offered({"muster", "completion", "z"}), ElementsAre("zsh"));
}

TEST(Completion, KnowsCommandsWithinCommands) {
  EXPECT_THAT(offered({"muster", "study", "t"}), ElementsAre("teacher"));
  EXPECT_THAT(offered({"muster", "study", "teacher", "--see"}), Contains("--seeds"));
  EXPECT_THAT(offered({"muster", "launch", "-n", "4", "--", "tr"}), ElementsAre("train"));
  EXPECT_THAT(offered({"muster", "launch", "-n", "4", "--", "train", "--schedule.rule", "q"}),
              ElementsAre("qsr"));
  EXPECT_THAT(offered({"muster", "launch", "--hos"}), ElementsAre("--hosts"));
}

// Nothing that the help knows is missing in any of the scripts.
TEST(Completion, EveryShellKnowsAllThatTheHelpKnows) {
  for (const std::string& script :
       {bash_completion(catalogue), zsh_completion(catalogue), fish_completion(catalogue)}) {
    for (const HelpEntry& entry : all_help()) {
      const std::string last(entry.command.substr(entry.command.rfind(' ') + 1));
      EXPECT_THAT(script, HasSubstr(last));
      for (const CommandFlag& flag : entry.help->flags)
        EXPECT_THAT(script, HasSubstr(std::string(flag.name)));
    }
    for (const Key& key : catalogue.keys()) EXPECT_THAT(script, HasSubstr(key.name));
  }
}

TEST(HelpList, HasEveryCommand) {
  for (const Command& command : muster_commands())
    EXPECT_THAT(all_help(), Contains(::testing::Field(&HelpEntry::command, command.name)));
}

TEST(Help, FitsEightyColumns) {
  for (const HelpEntry& entry : all_help()) {
    std::istringstream lines(help_text(catalogue, *entry.help));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(line.size(), 80U) << entry.command << ": " << line;
  }
  std::istringstream lines(program_help(muster_commands()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

TEST(ManualPage, HasEveryCommandAndKeyAndOnlyKnownRequests) {
  const std::string page = manual_page(catalogue);
  for (const HelpEntry& entry : all_help()) {
    std::string name(entry.command);
    if (const size_t hyphen = name.find('-'); hyphen != std::string::npos) name.insert(hyphen, "\\");
    EXPECT_THAT(page, HasSubstr(".SS muster " + name + "\n"));
  }
  for (const Key& key : catalogue.keys()) EXPECT_THAT(page, HasSubstr("\\-\\-" + key.name + " "));
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('.') && !line.starts_with('\'')) continue;
    EXPECT_THAT((Words{".TH", ".SH", ".SS", ".TP", ".B", ".I", ".PP", ".nf", ".fi"}),
                Contains(line.substr(0, line.find(' '))))
        << line;
  }
}

}  // namespace
}  // namespace muster
