#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/summary_file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

Summary some_summary() {
  Summary summary;
  summary.steps = 1000;
  summary.rounds = 250;
  summary.communication = 0.25;
  summary.final_test_accuracy = 0.91;
  summary.final_train_loss = 0.5;
  summary.loss_floor = 0.4;
  summary.skipped_samples = 3;
  summary.bytes_per_worker = int64_t{1} << 40;
  summary.seconds.total = 61.5;
  summary.versions = {{"muster", "0.1.0"}, {"libtorch", "1.13.1"}};
  summary.configuration = R"({"schedule":{"rule":"qsr"}})";
  return summary;
}

TEST(Summary, WrittenAsOneObject) {
  const test::TemporaryFolder folder;
  write_summary(folder / "summary.json", some_summary());
  const auto json = nlohmann::json::parse(read_file(folder / "summary.json"));
  EXPECT_EQ(json.at("steps"), 1000);
  EXPECT_EQ(json.at("rounds"), 250);
  EXPECT_EQ(json.at("communication"), 0.25);
  EXPECT_EQ(json.at("final_test_accuracy"), 0.91);
  EXPECT_TRUE(json.at("final_test_loss").is_null());
  EXPECT_TRUE(json.at("divergence").is_null());
  EXPECT_EQ(json.at("final_train_loss"), 0.5);
  EXPECT_EQ(json.at("loss_floor"), 0.4);
  EXPECT_EQ(json.at("skipped_samples"), 3);
  EXPECT_EQ(json.at("bytes_per_worker"), int64_t{1} << 40);
  EXPECT_EQ(json.at("seconds").at("total"), 61.5);
  EXPECT_EQ(json.at("seconds").size(), 7u);
  EXPECT_EQ(json.at("versions").at("libtorch"), "1.13.1");
  EXPECT_EQ(json.at("configuration").at("schedule").at("rule"), "qsr");
}

TEST(Summary, BytesWithinGroupsAreToldWhereThereAreGroups) {
  Summary summary = some_summary();
  EXPECT_FALSE(nlohmann::json::parse(to_json(summary)).contains("inner_bytes_per_worker"));
  summary.inner_bytes_per_worker = 12;
  EXPECT_EQ(nlohmann::json::parse(to_json(summary)).at("inner_bytes_per_worker"), 12);
}

TEST(Summary, OneLineWhenAsked) { EXPECT_EQ(to_json(some_summary(), -1).find('\n'), std::string::npos); }

TEST(Summary, NonFiniteIsNullAndTextStaysValid) {
  Summary summary = some_summary();
  summary.final_train_loss = std::numeric_limits<double>::infinity();
  summary.versions["odd"] = "\xff";
  const auto json = nlohmann::json::parse(to_json(summary));
  EXPECT_TRUE(json.at("final_train_loss").is_null());
}

TEST(Summary, ConfigurationMustBeAnObject) {
  Summary summary = some_summary();
  for (const char* bad : {"", "[]", "{", "1"}) {
    summary.configuration = bad;
    EXPECT_THROW(to_json(summary), Bug) << bad;
  }
}

TEST(Summary, FullDiskLeavesNone) {
  const test::TemporaryFolder folder;
  const test::FileSizeLimit full(10);
  EXPECT_THROW(write_summary(folder / "summary.json", some_summary()), FileError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace muster
