#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/summary_file.h"
#include "muster/report/whole_result.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using State = ResultCheck::State;
using testing::HasSubstr;

/// A folder with the result of a run.
class WholeResult : public testing::Test {
 protected:
  WholeResult() {
    std::ofstream(model()) << "weights and biases";
    std::ofstream(folder_ / "metrics.jsonl") << "{}\n{}\n";
    Summary summary;
    summary.steps = 10;
    summary.configuration = R"({"run":{"out":"\"summary_xxh64\": \"0000000000000000\""}})";
    summary.files = settle_files(folder_.path(), {"model.safetensors", "metrics.jsonl", "arrivals.jsonl"});
    write_summary(path(), summary);
  }
  std::string path() const { return folder_ / "summary.json"; }
  std::string model() const { return folder_ / "model.safetensors"; }
  ResultCheck check() const { return check_result(folder_.path()); }

  void flip(const std::string& file, size_t bit) const {
    std::string content = read_file(file);
    content.at(bit / 8) ^= static_cast<char>(1 << bit % 8);
    std::ofstream(file) << content;
  }
  void expect_damaged(const std::string& naming) const {
    const ResultCheck found = check();
    EXPECT_EQ(found.state, State::damaged);
    EXPECT_THAT(found.damage, HasSubstr(naming));
    EXPECT_EQ(found.damage.find('\n'), std::string::npos);
  }

  const test::TemporaryFolder folder_;
};

TEST_F(WholeResult, IsWholeAsItWasWritten) {
  EXPECT_EQ(check().state, State::whole);
  EXPECT_TRUE(check().remarks.empty());
  const auto json = nlohmann::json::parse(read_file(path()));
  EXPECT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"]["model.safetensors"]["bytes"], 18);
}

TEST_F(WholeResult, NoneWithoutSummary) {
  std::filesystem::remove(path());
  EXPECT_EQ(check().state, State::none);
  EXPECT_EQ(check_result(folder_ / "nowhere").state, State::none);
}

TEST_F(WholeResult, AModelThatIsMissingShortenedOrExchangedIsDamage) {
  std::filesystem::resize_file(model(), 17);
  expect_damaged("model.safetensors' has 17 bytes, the run wrote 18");
  std::ofstream(model()) << "weights and biasez";
  expect_damaged("model.safetensors' is not what the run wrote");
  std::filesystem::remove(model());
  expect_damaged("model.safetensors' is missing");
  std::filesystem::create_directory(model());
  expect_damaged("model.safetensors' is a folder");
}

TEST_F(WholeResult, EveryBitOfModelAndSummaryCounts) {
  for (const std::string& file : {model(), path()}) {
    const size_t bits = 8 * std::filesystem::file_size(file);
    for (size_t bit = 0; bit < bits; bit += bit < 300 ? 7 : 97) {
      flip(file, bit);
      ASSERT_EQ(check().state, State::damaged) << file << ", bit " << bit;
      flip(file, bit);
    }
  }
  EXPECT_EQ(check().state, State::whole);
}

TEST_F(WholeResult, AnEmptyOrGarbageSummaryIsDamage) {
  const std::string text = read_file(path());
  for (const std::string& content : {std::string(), std::string("\n"), std::string(100, '\0'),
                                     std::string("{}"), std::string("[]"), text.substr(0, text.size() / 2)}) {
    std::ofstream(path()) << content;
    expect_damaged("summary.json");
  }
}

TEST_F(WholeResult, OfARunThatCameToNoEndIsNone) {
  write_summary(path(), std::string("{\n  \"finished\": false,\n  \"files\": {}\n}"));
  EXPECT_EQ(check().state, State::none);
}

TEST_F(WholeResult, ChangedMetricsAreRemarkedOnly) {
  std::ofstream(folder_ / "metrics.jsonl") << "{}\n";
  EXPECT_EQ(check().state, State::whole);
  ASSERT_EQ(check().remarks.size(), 1u);
  EXPECT_THAT(check().remarks[0], HasSubstr("metrics.jsonl' has 3 bytes, the run wrote 6"));
}

TEST_F(WholeResult, OfVersionOneNeedsItsModelAndCannotBeChecked) {
  std::ofstream(path()) << R"({"steps": 10, "versions": {"muster": "0.1.0"}, "configuration": {}})";
  EXPECT_EQ(check().state, State::whole);
  ASSERT_EQ(check().remarks.size(), 1u);
  EXPECT_THAT(check().remarks[0], HasSubstr("older version"));
  std::filesystem::remove(model());
  expect_damaged("model.safetensors' is missing");
}

}  // namespace
}  // namespace muster
