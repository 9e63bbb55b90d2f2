#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/report/html_text.h"

namespace muster {
namespace {

TEST(HtmlText, NothingOfATextIsMarkup) {
  EXPECT_EQ(html_escaped("<b a=\"1\" c='2'>&amp;</b>"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  EXPECT_EQ(html_escaped("é 12 %"), "é 12 %");
}

TEST(HtmlText, JsonInAScriptCannotEndItAndReadsBackTheSame) {
  const std::string wild = "</script><!--]]>&\u2028\u2029\xE2\x80\xA6 ok";
  const std::string escaped = script_escaped(nlohmann::json(wild).dump());
  for (const char* sign : {"<", ">", "&", "\u2028", "\u2029"})
    EXPECT_EQ(escaped.find(sign), std::string::npos) << sign;
  EXPECT_EQ(nlohmann::json::parse(escaped).get<std::string>(), wild);
}

TEST(HtmlText, WordsForTheShell) {
  EXPECT_EQ(shell_quoted("--run.steps=100"), "--run.steps=100");
  EXPECT_EQ(shell_quoted("a b: c"), "'a b: c'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted("$(rm x)"), "'$(rm x)'");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace muster
