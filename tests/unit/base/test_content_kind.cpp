#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/content_kind.h"
#include "muster/base/printable.h"

namespace muster {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(ContentKind, NamesWhatIsNoText) {
  const std::pair<std::string_view, const char*> cases[] = {
      {"\x1f\x8b\x08\0\0"sv, "gunzip"},
      {"PK\x03\x04..."sv, "zip archive"},
      {"\x80\x02}q\0."sv, "pickle"},
      {"\xff\xfe[\0r\0u\0n\0]\0"sv, "UTF-16"},
      {"\xfe\xff\0[\0r\0u\0n\0]"sv, "UTF-16"},
      {"[\0r\0u\0n\0]\0\n\0s\0t\0"sv, "UTF-16"},
      {"\0[\0r\0u\0n\0]\0\n\0s\0t"sv, "UTF-16"},
      {"\xff\xfe\0\0[\0\0\0"sv, "UTF-32"},
      {"\x10\0\0\0\0\0\0\0{\"a\":1}      "sv, "safetensors"},
      {"\x7f"
       "ELF"sv,
       "program"},
      {"abc\0def"sv, "binary"},
      {"first\nna\xefve\n"sv, "line 2"},
  };
  for (const auto& [content, told] : cases) EXPECT_THAT(not_a_text(content), Optional(HasSubstr(told)));
}

TEST(ContentKind, LetsTextPass) {
  for (const std::string_view text :
       {""sv, "[run]\nsteps = 3\n"sv, "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"sv, "\xef\xbb\xbf[run]"sv,
        "12345678{\"a\": 1}"sv})
    EXPECT_EQ(not_a_text(text), std::nullopt) << text;
}

TEST(ContentKind, MeasuresValidUtf8) {
  EXPECT_EQ(valid_utf8("a\xc3\xa9z"), 4U);
  EXPECT_EQ(valid_utf8("a\xc3"), 1U);
  EXPECT_EQ(valid_utf8("\xc0\x80"), 0U) << "longer than needed";
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), 0U) << "a surrogate";
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), 0U) << "beyond the last character";
  EXPECT_EQ(valid_utf8("\x80"), 0U);
}

TEST(ContentKind, DropsAByteOrderMark) {
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbfx"), "x");
  EXPECT_EQ(without_byte_order_mark("x"), "x");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mb\n\t\x7f"), "a\\x1b[31mb\\x0a\\x09\\x7f");
  EXPECT_EQ(printable("a\nb\x1b\n", "\n"), "a\nb\\x1b\n");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J")
      << "a control sequence of one character";
  EXPECT_EQ(printable("\xe2\x80\xaetxt.exe"), "\\xe2\\x80\\xaetxt.exe") << "turns the direction of writing";
  EXPECT_EQ(printable("na\xc3\xafve \xe6\x97\xa5 \xf0\x9f\x98\x80"),
            "na\xc3\xafve \xe6\x97\xa5 \xf0\x9f\x98\x80");
}

}  // namespace
}  // namespace muster
