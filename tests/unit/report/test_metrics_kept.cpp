#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/base/file.h"
#include "muster/report/metrics_file.h"
#include "muster/report/metrics_kept.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string line_of(int64_t step) {
  MetricsLine line;
  line.step = step;
  line.round = step / 10;
  line.average = "parameters";
  return to_json(line) + "\n";
}

/// Metrics of steps 10, 20, 30, which a checkpoint after step 30 counts on.
class KeptMetricsOfAFile : public testing::Test {
 protected:
  KeptMetricsOfAFile() { write(whole_); }
  void write(const std::string& content) const { std::ofstream(path_) << content; }
  KeptMetrics kept(int64_t last_step = 30) const {
    return kept_metrics(path_, static_cast<int64_t>(whole_.size()), last_step);
  }

  const test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "metrics.jsonl";
  const std::string whole_ = line_of(10) + line_of(20) + line_of(30);
};

TEST_F(KeptMetricsOfAFile, IsAllOfItAndNothingBehindIt) {
  EXPECT_EQ(kept().lines, whole_);
  write(whole_ + line_of(40) + "{\"st");
  EXPECT_EQ(kept().lines, whole_);
  EXPECT_EQ(kept().note, "");
}

TEST_F(KeptMetricsOfAFile, AShorterOrMissingOneIsToldAndGoneOnWith) {
  write(line_of(10));
  EXPECT_EQ(kept().lines, line_of(10));
  EXPECT_THAT(kept().note, AllOf(HasSubstr(path_), HasSubstr("gap")));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".set-aside"));
  std::filesystem::remove(path_);
  EXPECT_EQ(kept().lines, "");
  EXPECT_THAT(kept().note, HasSubstr("gap"));
}

TEST_F(KeptMetricsOfAFile, WhatIsNoLineIsLeftOutAndKeptAside) {
  const std::string damaged = line_of(10) + "{\"step\": 2" + line_of(30);
  write(damaged);
  EXPECT_EQ(kept().lines, line_of(10));
  EXPECT_THAT(kept().note, AllOf(HasSubstr("set-aside"), testing::Not(HasSubstr("\n"))));
  EXPECT_EQ(read_file(path_ + ".set-aside"), damaged);
}

TEST_F(KeptMetricsOfAFile, StepsRiseAndEndAtTheCheckpoint) {
  write(line_of(10) + line_of(30) + line_of(20));
  EXPECT_EQ(kept().lines, line_of(10) + line_of(30));
  EXPECT_EQ(kept(20).lines, line_of(10) + line_of(20));
}

}  // namespace
}  // namespace muster
