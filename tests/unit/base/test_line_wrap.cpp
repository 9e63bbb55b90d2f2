#include <gtest/gtest.h>

#include "muster/base/line_wrap.h"

namespace muster {
namespace {

TEST(LineWrap, BreaksAtBlanksOnly) {
  EXPECT_EQ(wrapped_at("one two three four\nfive\n", 9), "one two\nthree\nfour\nfive\n");
  EXPECT_EQ(wrapped_at("one two", 7), "one two");
  EXPECT_EQ(wrapped_at("see /a/long/path/to/it now", 10), "see\n/a/long/path/to/it\nnow");
  EXPECT_EQ(wrapped_at("größer äöü", 10), "größer äöü") << "characters count, not bytes";
  EXPECT_EQ(wrapped_at("", 10), "");
}

TEST(LineWrap, LeavesCommandsLiveLinesAndPipesAlone) {
  const std::string text = "a line of words that goes on";
  EXPECT_EQ(wrapped_at(text, 0), text);
  EXPECT_EQ(wrapped_at("  " + text, 10), "  " + text);
  EXPECT_EQ(wrapped_at("\r" + text, 10), "\r" + text);
  EXPECT_EQ(wrapped_at("\x1b[1m" + text, 10), "\x1b[1m" + text);
}

}  // namespace
}  // namespace muster
