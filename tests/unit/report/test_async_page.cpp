#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "muster/report/async_page.h"
#include "muster/report/worker_strip.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

ArrivalLine round_of(int64_t worker, double ready, double start, double arrived, int64_t staleness = 0) {
  ArrivalLine line;
  line.worker = worker;
  line.steps = 10;
  line.staleness = staleness;
  line.ready = ready;
  line.start = start;
  line.received = start + 1;
  line.computed = arrived - 1;
  line.arrived = arrived;
  return line;
}

AsyncRun two_workers() {
  AsyncRun run{.name = "naive <&>", .history = {}, .configuration = {{"async.outer", "nesterov"}}};
  run.history.arrivals = {round_of(0, 0, 0, 10), round_of(0, 10, 12, 20, 2), round_of(1, 0, 0, 40, 3)};
  run.history.arrivals[1].verdict = "stale";
  run.history.measurements = {{0, 0, 0, 2.5, 2.6, 0.1}, {40, 20, 2, 1.25, 1.5, 0.5}};
  return run;
}

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(AsyncTotals, AreThoseOfTheArrivals) {
  const AsyncTotals totals = totals_of(two_workers().history);
  EXPECT_EQ(totals.seconds, 40);
  EXPECT_EQ(totals.workers, 2);
  EXPECT_EQ(totals.local_steps, 20);
  EXPECT_EQ(totals.versions, 2);
  EXPECT_EQ(totals.dropped.at("stale"), 1);
  EXPECT_DOUBLE_EQ(totals.staleness_mean, 1.5);
  EXPECT_EQ(totals.staleness_max, 3);
  EXPECT_THAT(totals.staleness, ElementsAre(1, 0, 0, 1));
  EXPECT_DOUBLE_EQ(totals.computing, (8 + 6 + 38) / 80.0);
  EXPECT_EQ(totals_of({}).versions, 0);
}

TEST(AsyncTotals, TheAnswerNamesTheBestRun) {
  AsyncRun better = two_workers();
  better.name = "delayed";
  better.history.measurements.back().test_loss = 1.4;
  EXPECT_THAT(async_answer({two_workers(), better})[0], HasSubstr("delayed ends with the lowest"));
  EXPECT_THAT(async_answer({better, two_workers()})[0], HasSubstr("1.4000"));
  AsyncRun unmeasured = two_workers();
  unmeasured.history.measurements.clear();
  EXPECT_THAT(async_answer({unmeasured})[0], HasSubstr("2 workers made 20 local steps in 40.00 s"));
  EXPECT_EQ(async_table({unmeasured}).rows[0][1], "–");
}

TEST(WorkerStrip, DrawsEveryPartOfEveryRound) {
  const std::string svg = worker_strip(two_workers().history.arrivals);
  EXPECT_EQ(count_of(svg, "class=\"work\""), 2U);
  EXPECT_EQ(count_of(svg, "class=\"lost\""), 1U);
  EXPECT_EQ(count_of(svg, "class=\"send\""), 6U);
  EXPECT_EQ(count_of(svg, "class=\"wait\""), 1U);
  EXPECT_EQ(count_of(svg, "class=\"who\""), 2U);
  EXPECT_THAT(svg, HasSubstr("staleness 3</title>"));
  EXPECT_EQ(worker_strip({}), "");
}

TEST(WorkerStrip, ShowsTheBeginningOfALongRunAndSomeOfManyWorkers) {
  std::vector<ArrivalLine> arrivals;
  for (int64_t worker = 0; worker < 100; ++worker)
    for (int i = 0; i < (worker == 7 ? 50 : 5); ++i)
      arrivals.push_back(round_of(worker, 10 * i, 10 * i, 10 * i + 9));
  const StripOptions options{.most_workers = 4, .most_rounds_in_a_row = 20};
  EXPECT_EQ(strip_end(arrivals, options), 199);
  EXPECT_EQ(strip_end(arrivals, {.most_workers = 4, .most_rounds_in_a_row = 50}), 499);
  const std::string svg = worker_strip(arrivals, options);
  EXPECT_EQ(count_of(svg, "class=\"who\""), 4U);
  EXPECT_THAT(svg, HasSubstr("worker 0<"));
  EXPECT_THAT(svg, HasSubstr("worker 99<"));
}

TEST(AsyncPage, DrawsNoTrainingLossThatNobodyMeasured) {
  AsyncRun served = two_workers();
  EXPECT_THAT(async_page({.title = "t", .runs = {served}, .commands = {}, .written = ""}),
              HasSubstr("Training loss against time"));
  for (MeasurementLine& line : served.history.measurements) line.train_loss = std::nan("");
  const std::string page = async_page({.title = "t", .runs = {served}, .commands = {}, .written = ""});
  EXPECT_THAT(page, Not(HasSubstr("Training loss against time")));
  EXPECT_THAT(page, HasSubstr("Held-out loss against time"));
}

TEST(AsyncPage, HoldsTableStripChartsAndSettings) {
  AsyncRun other = two_workers();
  other.name = "other";
  other.configuration = {{"async.outer", "buffer"}};
  const std::string page = async_page({"Two", {two_workers(), other}, {"muster simulate a.toml"}, "today"});
  EXPECT_THAT(page, HasSubstr("naive &lt;&amp;&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("naive <&>")));
  EXPECT_EQ(count_of(page, "<svg class=\"strip\""), 2U);
  for (const std::string id : {"loss/time", "loss/steps", "train/time", "staleness"})
    EXPECT_THAT(page, HasSubstr("data-chart=\"" + id + "\""));
  EXPECT_THAT(page, HasSubstr("<td data-label=\"other\">buffer</td>"));
  EXPECT_THAT(page, HasSubstr("\"staleness\":[1,0,0,1]"));
  EXPECT_THAT(page, HasSubstr("muster simulate a.toml"));
}

}  // namespace
}  // namespace muster
