#include <gtest/gtest.h>

#include "muster/app/options/text_lines.h"

namespace muster {
namespace {

TEST(TextLines, BreakAtBlanks) {
  EXPECT_EQ(wrapped("one two three", "# ", 9), "# one two\n# three\n");
  EXPECT_EQ(wrapped_hanging("one two three", "a ", "    ", 9), "a one two\n    three\n");
  EXPECT_EQ(wrapped("", "# ", 9), "# \n");
}

TEST(TextLines, ParagraphsAreFilledAnew) {
  EXPECT_EQ(reflowed("one\ntwo three\n\nfour", 9), "one two\nthree\n\nfour\n");
}

TEST(TextLines, CommandsAreBrokenForAShell) {
  EXPECT_EQ(reflowed("  muster train a.toml --run.steps 10 --rule qsr\n", 30),
            "  muster train a.toml \\\n      --run.steps 10 \\\n      --rule qsr\n");
  EXPECT_EQ(reflowed("  muster train --arm \"a: b=c d=e\" --seeds 2\n", 32),
            "  muster train \\\n      --arm \"a: b=c d=e\" \\\n      --seeds 2\n")
      << "what stands in quotes stays whole";
  EXPECT_EQ(reflowed("  muster a \\\n    --b\n", 30), "  muster a --b\n");
}

TEST(TextLines, RowsContinueUnderTheirSecondColumn) {
  EXPECT_EQ(reflowed("  word  what it is and does\n", 20), "  word  what it is\n        and does\n");
}

}  // namespace
}  // namespace muster
