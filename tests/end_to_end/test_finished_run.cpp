// A run that has ended and whose files were damaged since: resumed, evaluated, compared. Repaired or refused;
// exit code 0 only where the result is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::Ended;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

const Words settings = {"--task.name",          "clusters", "--task.samples",       "256",
                        "--task.test_samples",  "64",       "--task.hidden",        "8",
                        "--run.workers",        "2",        "--run.threads",        "1",
                        "--run.steps",          "60",       "--learning_rate.peak", "0.05",
                        "--clusters.dimension", "16",       "--clusters.noise",     "0.7"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Ended train(const std::string& out, const Words& more = {}) {
  return test::run(with(with({MUSTER_PROGRAM, "train", "--run.out", out}, settings), more));
}

void flip_bit(const std::string& path, size_t bit) {
  std::string content = read_file(path);
  content.at(bit / 8) ^= static_cast<char>(1 << bit % 8);
  std::ofstream(path) << content;
}

/// Writes a safetensors file anew with other metadata, as another program would.
void change_metadata(const std::string& path, const std::function<void(json&)>& change) {
  const std::string content = read_file(path);
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof length);
  json header = json::parse(content.substr(8, length));
  change(header["__metadata__"]);
  if (header["__metadata__"].empty()) header.erase("__metadata__");
  const std::string text = header.dump();
  const uint64_t new_length = text.size();
  std::ofstream file(path);
  file.write(reinterpret_cast<const char*>(&new_length), sizeof new_length);
  file << text << content.substr(8 + length);
}

/// A finished run, and the bits of its model.
class FinishedRun : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(train(out_).code, 0);
    bits_ = read_file(model_);
    accuracy_ = json::parse(read_file(summary_))["final_test_accuracy"];
  }

  /// Resumes, and expects the result of the undisturbed run.
  void expect_repaired(const std::string& naming) {
    const Ended ended = train(out_, {"--run.resume", "--json"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, AllOf(HasSubstr(naming), Not(HasSubstr("nothing to resume"))));
    expect_whole();
    EXPECT_EQ(json::parse(ended.out), json::parse(read_file(summary_)));
  }
  void expect_whole() {
    EXPECT_EQ(read_file(model_), bits_);
    EXPECT_EQ(json::parse(read_file(summary_))["final_test_accuracy"], accuracy_);
    const Ended again = train(out_, {"--run.resume"});
    EXPECT_EQ(again.code, 0);
    EXPECT_THAT(again.err, HasSubstr("nothing to resume"));
  }

  const test::TemporaryFolder folder_;
  const std::string out_ = folder_ / "run", model_ = out_ + "/model.safetensors",
                    summary_ = out_ + "/summary.json", metrics_ = out_ + "/metrics.jsonl";
  std::string bits_;
  json accuracy_;
};

TEST_F(FinishedRun, ResumedWithoutItsModelMakesItAgain) {
  expect_whole();
  std::filesystem::remove(model_);
  expect_repaired("model.safetensors' is missing");
}

TEST_F(FinishedRun, ResumedWithADamagedModelMakesItAgain) {
  flip_bit(model_, 8 * bits_.size() - 3);
  expect_repaired("model.safetensors' is not what the run wrote");
  EXPECT_TRUE(std::filesystem::exists(model_ + ".set-aside"));
}

TEST_F(FinishedRun, ResumedWithAnEmptyOrDamagedSummaryMakesItAgain) {
  std::ofstream(summary_) << "";
  expect_repaired("summary.json' is empty");
  flip_bit(summary_, 8 * 200);
  expect_repaired("summary.json");
}

TEST_F(FinishedRun, ResumedWithADamagedLastCheckpointGoesOnFromAnOlderOne) {
  std::filesystem::remove_all(out_);
  ASSERT_EQ(train(out_, {"--checkpoint.every", "25"}).code, 0);
  ASSERT_EQ(read_file(model_), bits_);
  std::filesystem::remove(model_);
  flip_bit(out_ + "/checkpoints/step-00000060/state.safetensors", 8 * 1000);
  const Ended ended = train(out_, {"--checkpoint.every", "25", "--run.resume"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("step 50"));
  expect_whole();
  // A whole one of the same step has taken the damaged one's place.
  EXPECT_EQ(train(out_, {"--checkpoint.every", "25", "--run.resume"}).code, 0);
}

TEST_F(FinishedRun, ResumedWithoutModelAndCheckpointsIsRefusedWithTheCure) {
  std::filesystem::remove_all(out_ + "/checkpoints");
  std::filesystem::remove(model_);
  const std::string before = read_file(metrics_);
  test::expect_one_line_error(
      train(out_, {"--run.resume"}),
      {"model.safetensors' is missing", "no checkpoint is left", "summary.json' to train"});
  EXPECT_EQ(read_file(metrics_), before);
  std::filesystem::remove(summary_);
  ASSERT_EQ(train(out_, {"--run.resume"}).code, 0);
  expect_whole();
}

TEST_F(FinishedRun, EvaluatedSampledProbedAndStartedFromRefusesOneFlippedBit) {
  for (const size_t bit : {size_t{1}, size_t{8 * 100}, 8 * bits_.size() - 77}) {
    flip_bit(model_, bit);
    for (const char* command : {"evaluate", "probe", "sample"})
      test::expect_one_line_error(test::run({MUSTER_PROGRAM, command, model_}), {model_});
    test::expect_one_line_error(train(folder_ / "next", {"--run.start_from", model_}), {model_});
    flip_bit(model_, bit);
  }
  EXPECT_EQ(test::run({MUSTER_PROGRAM, "evaluate", model_}).code, 0);
}

TEST_F(FinishedRun, EvaluatedAloneIsJudgedOnItsOwnData) {
  const json summary = json::parse(read_file(summary_));
  const Ended ended = test::run({MUSTER_PROGRAM, "evaluate", model_, "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(json::parse(ended.out)["test_loss"], summary["final_test_loss"]);
  EXPECT_EQ(json::parse(ended.out)["test_accuracy"], summary["final_test_accuracy"]);
}

TEST_F(FinishedRun, EvaluatedWithoutMetadataNeedsNetworkAndDataNamed) {
  const json expected = json::parse(test::run({MUSTER_PROGRAM, "evaluate", model_, "--json"}).out);
  change_metadata(model_, [](json& metadata) { metadata.clear(); });
  for (const char* command : {"evaluate", "probe"}) {
    test::expect_one_line_error(test::run({MUSTER_PROGRAM, command, model_}),
                                {model_, "--task.model", "--task.name", "--task.data"});
    test::expect_one_line_error(test::run({MUSTER_PROGRAM, command, model_, "--task.model", "mlp"}),
                                {model_, "--task.name"});
  }
  test::expect_one_line_error(test::run({MUSTER_PROGRAM, "sample", model_}), {model_, "--task.model"});
  const Ended named =
      test::run({MUSTER_PROGRAM, "evaluate", model_, "--json", "--task.model", "mlp", "--task.name",
                 "clusters", "--task.hidden", "8", "--task.samples", "256", "--task.test_samples", "64",
                 "--clusters.dimension", "16", "--clusters.noise", "0.7"});
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(json::parse(named.out), expected);
}

TEST_F(FinishedRun, EvaluatedOfVersionOneIsToldAndNeedsWhatItsMetadataLack) {
  const json expected = json::parse(test::run({MUSTER_PROGRAM, "evaluate", model_, "--json"}).out);
  const auto of_version_one = [](json& metadata, const auto& change) {
    for (const char* key : {"xxh64", "format_version"}) metadata.erase(key);
    json told = json::parse(metadata["configuration"].get<std::string>());
    told["run"].erase("precision");
    change(told);
    metadata["configuration"] = told.dump();
  };
  change_metadata(model_, [&](json& metadata) { of_version_one(metadata, [](json&) {}); });
  const Ended whole = test::run({MUSTER_PROGRAM, "evaluate", model_, "--json"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.err, HasSubstr("older version and carries no digest"));
  EXPECT_EQ(json::parse(whole.out), expected);
  change_metadata(
      model_, [&](json& metadata) { of_version_one(metadata, [](json& told) { told.erase("clusters"); }); });
  test::expect_one_line_error(test::run({MUSTER_PROGRAM, "evaluate", model_}),
                              {"clusters.dimension, clusters.per_class, clusters.noise", "--clusters.noise"});
  const Ended given = test::run({MUSTER_PROGRAM, "evaluate", model_, "--json", "--clusters.dimension", "16",
                                 "--clusters.per_class", "1", "--clusters.noise", "0.7"});
  ASSERT_EQ(given.code, 0) << given.err;
  EXPECT_EQ(json::parse(given.out), expected);
  change_metadata(model_, [](json& metadata) { metadata["format_version"] = "2"; });
  test::expect_one_line_error(test::run({MUSTER_PROGRAM, "evaluate", model_}), {"promise a digest"});
}

TEST_F(FinishedRun, ResumedWithShortenedMetricsIsToldAndGoesOn) {
  std::filesystem::remove_all(out_);
  const Words more = {"--checkpoint.every",     "30", "--schedule.rule", "constant",
                      "--schedule.base_period", "5"};
  ASSERT_EQ(train(out_, more).code, 0);
  const auto damage = [&](const std::string& metrics) {
    std::filesystem::remove(summary_);
    std::filesystem::remove_all(out_ + "/checkpoints/step-00000060");
    std::filesystem::remove(metrics_);
    if (!metrics.empty()) std::ofstream(metrics_) << metrics;
    const Ended ended = train(out_, with(more, {"--run.resume"}));
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("metrics.jsonl' was changed after the run wrote it"));
    std::istringstream lines(read_file(metrics_));
    int64_t last = 0;
    for (std::string line; std::getline(lines, line);) {
      const json parsed = json::parse(line);
      if (parsed.contains("evaluation")) continue;
      EXPECT_GT(parsed["step"], last);
      last = parsed["step"];
    }
    EXPECT_EQ(last, 60);
  };
  const std::string whole = read_file(metrics_);
  damage(whole.substr(0, whole.find('\n') + 1));
  damage(whole.substr(0, 40) + "\n" + whole);
  damage("");
}

/// Two arms that have been compared.
class ComparedRuns : public testing::Test {
 protected:
  Ended compare() {
    return test::run(with(with({MUSTER_PROGRAM, "compare", "--out", folder_ / "both", "--json"}, settings),
                          {"--arm", "one: schedule.rule=constant", "--arm", "two: schedule.rule=qsr"}));
  }
  const test::TemporaryFolder folder_;
  const std::string one_ = folder_ / "both/one/seed-1/";
};

TEST_F(ComparedRuns, AreWholeOrMadeAgain) {
  const Ended first = compare();
  ASSERT_EQ(first.code, 0) << first.err;
  const std::string bits = read_file(one_ + "model.safetensors");
  const std::function<void()> damages[] = {
      [&] { std::filesystem::remove(one_ + "model.safetensors"); },
      [&] { flip_bit(one_ + "model.safetensors", 8 * bits.size() - 9); },
      [&] { std::ofstream(one_ + "summary.json") << ""; },
  };
  for (const auto& damage : damages) {
    damage();
    const Ended again = compare();
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_THAT(again.err, AllOf(HasSubstr("one, seed 1 (finished before, but"),
                                 HasSubstr("two, seed 1 (finished before, kept)")));
    EXPECT_EQ(read_file(one_ + "model.safetensors"), bits);
    EXPECT_EQ(json::parse(again.out)["arms"][0]["test_accuracy"],
              json::parse(first.out)["arms"][0]["test_accuracy"]);
  }
  std::filesystem::remove(one_ + "model.safetensors");
  std::filesystem::remove_all(one_ + "checkpoints");
  const Ended refused = compare();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("no checkpoint is left"), HasSubstr("not finished: arm 'one'")));
}

}  // namespace
}  // namespace muster
