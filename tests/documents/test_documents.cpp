#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "documents.h"

namespace muster::documents {
namespace {

using ::testing::ElementsAre;

TEST(ShellWords, AreThoseOfAShell) {
  EXPECT_THAT(shell_words("muster train  a.toml --probe \"x:every=2;y\"   # a remark"),
              ElementsAre("muster", "train", "a.toml", "--probe", "x:every=2;y"));
  EXPECT_THAT(shell_words("a --prompt 'TO BE:' b#c ''"), ElementsAre("a", "--prompt", "TO BE:", "b#c", ""));
  EXPECT_THAT(shell_words("   "), ElementsAre());
}

TEST(Commands, AreFoundInBlocksAndInRunningText) {
  const std::string text =
      "# Title\n\nSay `muster models`, not `muster train ...` nor `other thing`.\n\n```\nmuster train \\\n  "
      "a.toml\n"
      "echo no\n```\n\ntext\n    muster not code, a paragraph goes on\n\n    muster report runs/1\n";
  const auto found = commands_of("x.md", text, {"muster"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_THAT(found[0].words, ElementsAre("muster", "models"));
  EXPECT_FALSE(found[0].whole);
  EXPECT_THAT(found[1].words, ElementsAre("muster", "train", "a.toml"));
  EXPECT_EQ(found[1].line, 6);
  EXPECT_TRUE(found[1].whole);
  EXPECT_THAT(found[2].words, ElementsAre("muster", "report", "runs/1"));
  EXPECT_EQ(commands_of("x.md", "`bench/a.sh 3`", {"bench/"}).size(), 1U);
}

TEST(Words, AreCountedAsWcDoes) {
  EXPECT_EQ(words_of("# One two\n\n```\na  b\n```\n"), 7);
  EXPECT_EQ(words_of(""), 0);
}

TEST(Links, AndAnchors) {
  const std::string text =
      "# One `two`, Three-four\n\n[a](b.md#c) and ![p](p.png)\n\n```\n[not](code)\n```\n";
  const auto links = links_of("x.md", text);
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].target, "b.md#c");
  EXPECT_EQ(links[0].line, 3);
  EXPECT_THAT(anchors_of(text), ElementsAre("one-two-three-four"));
}

}  // namespace
}  // namespace muster::documents
