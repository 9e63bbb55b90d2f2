#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/run_history.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;
using test::TemporaryFolder;
using ::testing::HasSubstr;

void write_lines(const std::string& path, const std::vector<MetricsLine>& lines) {
  MetricsFile file = MetricsFile::create(path);
  for (const MetricsLine& line : lines) file.write(line);
}

TEST(RunHistory, AFinishedRunIsItsSummaryAndItsLines) {
  const TemporaryFolder folder;
  const RunHistory made = some_run("qsr", 7, 0.75);
  write_lines(folder / "metrics.jsonl", made.lines);
  Summary summary = made.totals;
  summary.loss_floor = 0.25;
  summary.configuration =
      R"({"run":{"seed":7,"workers":2,"threads":2,"out":null},"task":{"hidden":[16,8],"name":"generated"}})";
  write_summary(folder / "summary.json", summary);
  const RunHistory run = read_run_history(folder.path());
  EXPECT_TRUE(run.finished);
  EXPECT_EQ(run.seed, 7);
  EXPECT_EQ(run.lines, made.lines);
  EXPECT_EQ(run.totals.final_test_accuracy, 0.75);
  EXPECT_EQ(run.totals.loss_floor, 0.25);
  EXPECT_EQ(run.totals.workers, 2);
  EXPECT_EQ(run.totals.seconds.total, 4);
  EXPECT_EQ(run.setting("task.hidden"), "16,8");
  EXPECT_EQ(run.setting("run.out"), "");
  EXPECT_EQ(run.setting("no.such"), "");
}

TEST(RunHistory, AnUnfinishedRunIsWhatItsRoundsAddUpTo) {
  const TemporaryFolder folder;
  write_lines(folder / "metrics.jsonl", some_run("qsr", 1, 0.8).lines);
  const RunHistory run = read_run_history(folder.path());
  EXPECT_FALSE(run.finished);
  EXPECT_EQ(run.totals.steps, 20);
  EXPECT_EQ(run.totals.rounds, 4);
  EXPECT_EQ(run.totals.bytes_per_worker, 4000);
  EXPECT_DOUBLE_EQ(run.totals.communication, 0.2);
  EXPECT_EQ(run.totals.final_test_accuracy, 0.8);
  EXPECT_EQ(run.totals.divergence, 0.125);
}

TEST(RunHistory, AnEmptyFolderHasNotBegun) {
  const TemporaryFolder folder;
  const RunHistory run = read_run_history(folder.path());
  EXPECT_FALSE(run.finished);
  EXPECT_TRUE(run.lines.empty());
  EXPECT_FALSE(run.totals.final_test_loss);
}

TEST(RunHistory, DamagedSummariesAreNamed) {
  const TemporaryFolder folder;
  for (const char* content :
       {"", "{", "[]", "{}", R"({"steps":"many"})", R"({"steps":1,"rounds":1,"bytes_per_worker":1})"}) {
    std::ofstream(folder / "summary.json") << content;
    try {
      read_run_history(folder.path());
      ADD_FAILURE() << content << " was accepted";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("summary.json' is no summary of a run"));
    }
  }
}

}  // namespace
}  // namespace muster
