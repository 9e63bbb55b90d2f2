#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/report/table.h"

namespace muster {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é─│⣿"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);  // a combining accent
  EXPECT_EQ(display_width("参数"), 4);
  EXPECT_EQ(display_width("\U0001F680"), 2);
}

TEST(DisplayWidth, ABrokenByteIsOneColumn) {
  EXPECT_EQ(display_width("\xFF"), 1);
  EXPECT_EQ(display_width("a\x80z"), 3);
  EXPECT_EQ(display_width("\xE2\x94"), 2);  // cut in the middle
  EXPECT_EQ(display_width("\xC3(ab"), 4);
  EXPECT_EQ(display_width(std::string_view("\xF0\x9F", 2)), 2);
}

TEST(Table, ContinuesCellsOnFurtherLinesWhereItIsTooWide) {
  Table table({{"result"}, {"", Align::right}, {"sent by a worker", Align::right}});
  table.add_row({"training loss, last epoch", "62 (7.75 % of the steps)", "3 MiB"});
  table.add_row({"  compute", "1.2 s", ""});
  const std::string natural = table.text();
  EXPECT_EQ(table.text(69), natural);
  EXPECT_EQ(table.text(40),
            "result                         sent by a\n"
            "                                  worker\n"
            "────────────────────────────────────────\n"
            "training        62 (7.75 %         3 MiB\n"
            "loss, last          of the\n"
            "epoch               steps)\n"
            "  compute            1.2 s\n");
  // No word is broken, however narrow.
  EXPECT_THAT(table.text(5), testing::HasSubstr("training"));
  EXPECT_THAT(table.text(5), testing::HasSubstr("  compute"));
}

TEST(Table, AlignsColumns) {
  Table table({{"method"}, {"rounds", Align::right}, {"note"}});
  table.add_row({"every_step", "100,000", "é"});
  table.add_row({"参数", "8"});
  EXPECT_EQ(table.text(),
            "method       rounds  note\n"
            "─────────────────────────\n"
            "every_step  100,000  é\n"
            "参数              8\n");
}

TEST(Table, AHeadingMayBeTheWidest) {
  Table table({{"period", Align::right}, {"x", Align::right}});
  table.add_row({"4", "1"});
  EXPECT_EQ(table.text(), "period  x\n─────────\n     4  1\n");
  EXPECT_EQ(Table({{"a"}}).text(), "a\n─\n");
}

TEST(Table, RefusesCellsWithoutAColumn) {
  Table table({{"one"}});
  EXPECT_THROW(table.add_row({"1", "2"}), Bug);
  EXPECT_THROW(Table({}), Bug);
}

}  // namespace
}  // namespace muster
