// `muster simulate` as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::Ended;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Ended simulate(const Words& more) {
  Words words = {MUSTER_PROGRAM, "simulate"};
  words.insert(words.end(), more.begin(), more.end());
  return test::run(words);
}

const Words small = {
    "--task.name",          "clusters", "--task.samples",       "256", "--task.test_samples", "64",
    "--clusters.dimension", "16",       "--task.hidden",        "8",   "--inner.optimizer",   "adamw",
    "--async.local_steps",  "10",       "--run.steps",          "400", "--evaluation.every",  "100",
    "--async.grace",        "0.5",      "--learning_rate.peak", "0.01"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Simulate, TellsThePublishedTimesWithoutTraining) {
  const Ended ended = simulate({"--no-training", "--json", "--async.local_steps", "20", "--async.grace",
                                "0.5", "--async.seconds_per_step", "0.58,0.75,1.51,3.33", "--run.steps",
                                "8000", "--evaluation.every", "800"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const json told = json::parse(ended.out);
  const std::vector<double> expected = {209.0,  406.4,  603.8,  801.4,  999.0,
                                        1207.8, 1404.2, 1600.6, 1800.2, 1998.6};
  ASSERT_EQ(told["evaluation_times"].size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(told["evaluation_times"][i].get<double>(), expected[i], 1e-9);
  EXPECT_NEAR(told["virtual_seconds"].get<double>(), 1998.6, 1e-9);
  EXPECT_EQ(told["versions"], 400);
  EXPECT_EQ(told["staleness_mean"], 2.75);
  EXPECT_EQ(told["staleness_max"], 14);
}

TEST(Simulate, TrainsInTheSameVirtualTime) {
  const test::TemporaryFolder folder;
  const Words settings = with(small, {"--json", "--run.out", folder / "run"});
  const Ended trained = simulate(settings);
  ASSERT_EQ(trained.code, 0) << trained.err;
  const json told = json::parse(trained.out);
  const json walked = json::parse(simulate(with(small, {"--json", "--no-training"})).out);
  for (const char* name : {"virtual_seconds", "versions", "staleness_mean", "staleness_max", "staleness",
                           "evaluation_times", "workers"})
    EXPECT_EQ(told[name], walked[name]) << name;
  ASSERT_EQ(told["evaluations"].size(), 5U) << "before the first step, and four";
  EXPECT_LT(told["final_train_loss"].get<double>(), told["evaluations"][0]["train_loss"].get<double>());
  EXPECT_EQ(told["final_test_loss"], told["evaluations"][4]["test_loss"]);
  for (const char* file : {"config.toml", "arrivals.jsonl", "summary.json", "model.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(folder / "run/" + file)) << file;
  EXPECT_EQ(json::parse(read_file(folder / "run/summary.json"))["checksum"], told["checksum"]);

  // The same bits anew, from the file that it left, on other threads.
  const Ended again =
      simulate({folder / "run/config.toml", "--json", "--run.out", folder / "again", "--run.threads", "3"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(json::parse(again.out)["checksum"], told["checksum"]);
  const Ended other = simulate(with(settings, {"--run.out", folder / "other", "--run.seed", "2"}));
  EXPECT_NE(json::parse(other.out)["checksum"], told["checksum"]);
}

TEST(Simulate, ARecordIsReplayedToTheSameBits) {
  const test::TemporaryFolder folder;
  const std::string record = folder / "events";
  const Ended ended =
      simulate(with(small, {"--run.out", folder / "run", "--async.record", record, "--async.failures",
                            "2:20-30", "--async.delay_compensation", "1", "--async.dynamic_local_updates"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("checksum of the final state"));
  const Ended replayed = simulate({"--replay", record});
  EXPECT_EQ(replayed.code, 0) << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("The same bits as the recorded run ended with."));
  const json told = json::parse(simulate({"--replay", record, "--json"}).out);
  EXPECT_EQ(told["same"], true);
  EXPECT_EQ(told["checksum"], json::parse(read_file(folder / "run/summary.json"))["checksum"]);

  write_file_atomically(record + ".end", R"({"version":1,"checksum":"0"})");
  const Ended differs = simulate({"--replay", record});
  EXPECT_EQ(differs.code, 1);
  EXPECT_THAT(differs.out, HasSubstr("NOT what the recorded run ended with"));
  write_file_atomically(record, "no events at all, but long enough to look like some, or so");
  EXPECT_THAT(simulate({"--replay", record}).err, HasSubstr("is no file of events"));
}

TEST(Simulate, EveryOuterStepLearns) {
  const test::TemporaryFolder folder;
  const std::vector<Words> methods = {{"--async.outer", "nesterov", "--async.learning_rate", "0.2"},
                                      {"--async.outer", "sgd"},
                                      {"--async.outer", "momentum", "--async.learning_rate", "0.2"},
                                      {"--async.outer", "buffer"},
                                      {"--async.outer", "buffer", "--async.grace", "1000"},
                                      {"--async.outer", "delayed_nesterov", "--async.learning_rate", "0.3",
                                       "--async.dynamic_local_updates", "--async.measure_speeds"},
                                      {"--async.outer", "ema", "--async.look_ahead"},
                                      {"--async.outer", "adam", "--async.learning_rate", "0.01"}};
  int64_t number = 0;
  for (const Words& method : methods) {
    const Ended ended =
        simulate(with(with(small, method), {"--json", "--run.out", folder / std::to_string(number++)}));
    ASSERT_EQ(ended.code, 0) << ended.err;
    const json told = json::parse(ended.out);
    EXPECT_LT(told["final_train_loss"].get<double>(),
              0.95 * told["evaluations"][0]["train_loss"].get<double>())
        << method[1];
  }
}

TEST(Simulate, WhereNobodyIsLeftItEndsInAnErrorAndCanBeginAnew) {
  const test::TemporaryFolder folder;
  const std::string out = folder / "run";
  const Words all_away = {"--run.out", out, "--async.failures", "0:5-,1:5-,2:5-,3:5-"};
  for (const Words& how : {Words{}, Words{"--run.resume"}, Words{"--run.resume", "--no-training"}}) {
    const Ended ended = simulate(with(with(small, all_away), how));
    test::expect_one_line_error(ended, {"no worker was left", "of 400 local steps", "async.failures", out});
    EXPECT_EQ(json::parse(read_file(out + "/summary.json"))["finished"], false);
  }
  const Ended ended = simulate(with(small, {"--run.out", out, "--run.resume"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  const Ended again = simulate(with(small, {"--run.out", out, "--run.resume"}));
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to resume"));
  std::filesystem::remove(out + "/model.safetensors");
  const Ended mended = simulate(with(small, {"--run.out", out, "--run.resume"}));
  EXPECT_EQ(mended.code, 0) << mended.err;
  EXPECT_THAT(mended.err, HasSubstr("model.safetensors' is missing"));
  EXPECT_TRUE(std::filesystem::exists(out + "/model.safetensors"));
  test::expect_one_line_error(simulate(with(small, {"--run.out", out, "--no-training"})),
                              {"run.out", "not empty"});
}

TEST(Simulate, MistakesAreOneLine) {
  const auto error = [](const Words& words) {
    const Ended ended = simulate(words);
    EXPECT_EQ(ended.code, 2) << ended.out;
    EXPECT_THAT(ended.out, ::testing::IsEmpty());
    return ended.err;
  };
  EXPECT_THAT(error({"--async.outr", "sgd"}), HasSubstr("did you mean async.outer?"));
  EXPECT_THAT(error({"--async.outer", "nestrov"}), HasSubstr("nesterov"));
  EXPECT_THAT(error({"--no-training", "--task.name", "cifar10", "--task.data", "nowhere"}),
              HasSubstr("run.steps"));
  EXPECT_THAT(error({"--schedule.rule", "constant"}), HasSubstr("async.local_steps"));
  EXPECT_THAT(error({"--no-training", "--run.steps", "10", "--async.speed_trace", "/no/such/file"}),
              HasSubstr("/no/such/file"));
  EXPECT_THAT(simulate({"--help"}).out, HasSubstr("--async.seconds_per_step NUMBER,..."));
}

}  // namespace
}  // namespace muster
