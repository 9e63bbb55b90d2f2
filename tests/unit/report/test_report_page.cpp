#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/report/report_page.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ReportInput some_input() {
  return {"Comparison of a, b",
          {{"a", {some_run("a", 1, 0.5), some_run("a", 2, 0.6)}},
           {"b", {some_run("b", 1, 0.7), some_run("b", 2, 0.9)}}},
          Network{1e8, 1e-4},
          std::nullopt,
          {"muster compare x.toml --arm 'q: peak=<b>'"},
          "2026-01-02 03:04"};
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(ReportPage, AnswerTableChartsSettingsAndCommand) {
  const std::string page = report_page(some_input());
  EXPECT_THAT(page, HasSubstr("<h1>No clear winner in test accuracy: the seeds do not separate b "
                              "(80.00&nbsp;%&nbsp;±&nbsp;14.14)"));
  EXPECT_EQ(count(page, "<canvas "),
            11u);  // 6 of the course, period, divergence, training loss, time, prediction
  EXPECT_THAT(page, HasSubstr("peak=&lt;b&gt;"));
  EXPECT_THAT(page, HasSubstr("<span class=\"tag\">differs</span>"));
  EXPECT_THAT(page, HasSubstr("100 Mbit/s and 100 µs"));
  EXPECT_THAT(page, HasSubstr("2026-01-02 03:04"));
  EXPECT_LT(page.size(), 400'000u);
}

TEST(ReportPage, LoadsNothing) {
  const std::string page = report_page(some_input());
  for (const char* loader : {" src=", "@import", "url(", "<link rel=\"stylesheet\""})
    EXPECT_THAT(page.substr(0, page.find("Chart.js v")), Not(HasSubstr(loader))) << loader;
  EXPECT_EQ(count(page, "<script"), 4u);
  EXPECT_EQ(count(page, "</script"), 4u);
}

TEST(ReportPage, TextsCannotBecomeMarkup) {
  ReportInput input = some_input();
  const std::string wild = "<img onerror=x>\"'</script>";
  input.title = input.arms[0].name = wild;
  input.arms[0].runs[0].configuration.emplace_back("task.data", wild);
  const std::string page = report_page(input);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_EQ(count(page, "</script"), 4u);
}

TEST(ReportPage, WhatWasNotMeasuredHasNoChart) {
  ReportInput input = some_input();
  input.network.reset();
  for (Arm& arm : input.arms)
    for (RunHistory& run : arm.runs)
      for (MetricsLine& line : run.lines) {
        line.divergence.reset();
        line.test_accuracy.reset();
      }
  const std::string page = report_page(input);
  EXPECT_EQ(count(page, "<canvas "), 6u);  // three of the loss, period, training loss, time
  EXPECT_THAT(page, Not(HasSubstr("data-chart=\"divergence\"")));
  input.arms = {{"empty", {RunHistory{}}}};
  EXPECT_EQ(count(report_page(input), "<canvas "), 1u);
  EXPECT_THROW(report_page({}), Bug);
}

TEST(ReportPage, AGapInTheMetricsIsNamed) {
  ReportInput input = some_input();
  EXPECT_THAT(report_page(input), Not(HasSubstr("missing in metrics.jsonl")));
  auto& lines = input.arms[1].runs[0].lines;
  lines.erase(lines.begin() + 1, lines.begin() + 3);
  EXPECT_THAT(report_page(input),
              HasSubstr("runs/b/seed-1: 2 rounds between steps 5 and 20 are missing in metrics.jsonl"));
}

TEST(ReportPage, DifferingKeysLeaveOutWhereARunLies) {
  EXPECT_THAT(differing_keys(some_input().arms), ElementsAre("schedule.rule"));
}

TEST(ReportPage, AnUnfinishedRunSaysSo) {
  ReportInput input = some_input();
  input.arms[0].runs[1].finished = false;
  EXPECT_THAT(report_page(input), HasSubstr("a (1 of 2 seeds)"));
  EXPECT_THAT(report_page(input), HasSubstr("One run has not finished"));
}

}  // namespace
}  // namespace muster
