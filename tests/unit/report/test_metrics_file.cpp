#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/metrics_file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using testing::HasSubstr;

MetricsLine some_round(int64_t round) {
  MetricsLine line;
  line.step = 8 * round;
  line.round = round;
  line.period = 8;
  line.average = "parameters";
  line.learning_rate = 0.1 / 3;
  line.loss = 2.0 / static_cast<double>(round);
  line.divergence = 1e-17 / 3;
  line.bytes_per_worker = 301160;
  line.seconds = {1.1, 0.2, 0.03, 0.004, 0};
  line.samples_per_second = 877.7;
  line.wall_seconds = 12.5 * static_cast<double>(round);
  return line;
}

TEST(MetricsFile, LinesComeBackExactly) {
  const test::TemporaryFolder folder;
  std::vector<MetricsLine> lines = {some_round(1), some_round(3), some_round(7)};
  lines[1].divergence.reset();
  lines[1].average = "gradients";
  lines[1].inner_bytes_per_worker = 77;
  lines[2].test_loss = 0.7;
  lines[2].test_accuracy = 0.8123;
  MetricsLine evaluation;
  evaluation.evaluation = true;
  evaluation.step = 60;
  evaluation.round = 7;
  evaluation.test_loss = 0.5;
  evaluation.test_accuracy = 0.75;
  evaluation.seconds.evaluation = 1.25;
  evaluation.wall_seconds = 99;
  lines.push_back(evaluation);
  evaluation.test_loss.reset();
  evaluation.test_accuracy.reset();
  evaluation.probe = {{"largest_eigenvalue", 12.5}, {"hessian_trace", -1.0 / 3}};
  lines.push_back(evaluation);
  MetricsFile file = MetricsFile::create(folder / "metrics.jsonl");
  for (const auto& line : lines) file.write(line);
  file.sync();
  EXPECT_EQ(read_metrics(folder / "metrics.jsonl"), lines);
  EXPECT_EQ(file.position(), static_cast<int64_t>(std::filesystem::file_size(folder / "metrics.jsonl")));
}

TEST(MetricsFile, FieldNames) {
  MetricsLine line = some_round(1);
  line.test_accuracy = 0.5;
  line.test_loss = 1;
  const auto json = nlohmann::json::parse(to_json(line));
  for (const char* name :
       {"step", "round", "period", "average", "learning_rate", "loss", "divergence", "bytes_per_worker",
        "test_loss", "test_accuracy", "samples_per_second", "wall_seconds"})
    EXPECT_TRUE(json.contains(name)) << name;
  for (const char* name : {"compute", "waiting", "averaging", "data", "evaluation"})
    EXPECT_TRUE(json.at("seconds").contains(name)) << name;
  EXPECT_FALSE(json.contains("inner_bytes_per_worker"));  // there are no groups
  line.inner_bytes_per_worker = 5;
  EXPECT_EQ(nlohmann::json::parse(to_json(line)).at("inner_bytes_per_worker"), 5);
  line.evaluation = true;
  EXPECT_TRUE(nlohmann::json::parse(to_json(line)).at("evaluation").get<bool>());
  EXPECT_FALSE(nlohmann::json::parse(to_json(line)).contains("loss"));
}

TEST(MetricsFile, NonFiniteNumbersAreNull) {
  const test::TemporaryFolder folder;
  MetricsLine line = some_round(1);
  line.loss = std::numeric_limits<double>::infinity();
  line.divergence = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(nlohmann::json::parse(to_json(line)).at("loss").is_null());
  MetricsFile::create(folder / "m").write(line);
  const auto lines = read_metrics(folder / "m");
  EXPECT_TRUE(std::isnan(lines.at(0).loss));
  ASSERT_TRUE(lines[0].divergence.has_value());
  EXPECT_TRUE(std::isnan(*lines[0].divergence));
}

TEST(MetricsFile, ReopenedItIsCutBack) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "metrics.jsonl";
  int64_t remembered = 0;
  {
    MetricsFile file = MetricsFile::create(path);
    file.write(some_round(1));
    file.write(some_round(2));
    remembered = file.position();
    file.write(some_round(3));
  }
  std::ofstream(path, std::ios::app) << "{\"torn";
  MetricsFile file = MetricsFile::reopen_at(path, remembered);
  EXPECT_EQ(file.position(), remembered);
  file.write(some_round(4));
  EXPECT_EQ(read_metrics(path), (std::vector{some_round(1), some_round(2), some_round(4)}));
}

TEST(MetricsFile, ReopeningRefusesWhatTheCheckpointDoesNotKnow) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(MetricsFile::reopen_at(folder / "none", 10), CheckpointError);
  MetricsFile::create(folder / "short").write(some_round(1));
  const auto size = static_cast<int64_t>(std::filesystem::file_size(folder / "short"));
  EXPECT_THROW(MetricsFile::reopen_at(folder / "short", size + 1), CheckpointError);
  EXPECT_EQ(read_metrics(folder / "short").size(), 1u);
}

TEST(MetricsFile, ATornLastLineIsLeftOut) {
  const test::TemporaryFolder folder;
  const std::string first = to_json(some_round(1)) + "\n", second = to_json(some_round(2)) + "\n";
  for (size_t length = 0; length < second.size(); ++length) {
    std::ofstream(folder / "m") << first << second.substr(0, length);
    ASSERT_EQ(read_metrics(folder / "m").size(), 1u) << length;
  }
}

TEST(MetricsFile, GarbageIsADataErrorWithItsLine) {
  const test::TemporaryFolder folder;
  const std::string good = to_json(some_round(1)) + "\n";
  const std::vector<std::string> bad = {
      "x", "{}", "[1]", "null", R"({"step":"a"})", R"({"step":1.5,"round":1})", R"({"step":1e400})"};
  for (const auto& line : bad) {
    write_file_atomically(folder / "m", good + line + "\n" + good);
    try {
      read_metrics(folder / "m");
      ADD_FAILURE() << line;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::AllOf(HasSubstr(folder / "m"), HasSubstr("line 2")));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
  EXPECT_THROW(read_metrics(folder / "none"), FileError);
}

TEST(MetricsFile, FullDiskKeepsWholeLines) {
  const test::TemporaryFolder folder;
  MetricsFile file = MetricsFile::create(folder / "m");
  file.write(some_round(1));
  {
    const test::FileSizeLimit full(static_cast<rlim_t>(file.position() + 20));
    EXPECT_THROW(file.write(some_round(2)), FileError);
  }
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(folder / "m")), file.position());
  file.write(some_round(3));
  EXPECT_EQ(read_metrics(folder / "m"), (std::vector{some_round(1), some_round(3)}));
  std::filesystem::create_symlink("/dev/full", folder / "full");
  EXPECT_THROW(MetricsFile::create(folder / "full").write(some_round(1)), FileError);
  EXPECT_THROW(MetricsFile::create(folder / "none/m"), FileError);
}

}  // namespace
}  // namespace muster
