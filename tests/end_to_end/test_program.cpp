// The programs as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Words small_train(const std::string& out, const Words& more = {}) {
  Words words = {MUSTER_PROGRAM,  "train", "--task.model",  "mlp", "--task.samples", "512",
                 "--run.workers", "2",     "--task.batch",  "8",   "--run.epochs",   "2",
                 "--run.out",     out,     "--run.threads", "2"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Program, ComputesWithTheVectorsThatTheProcessorHas) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this processor has no AVX2";
  const TemporaryFolder folder;
  Words words = small_train(folder / "run");
  words.insert(words.begin(), {"/usr/bin/env", "OPENBLAS_VERBOSE=2"});
  const Ended ended = test::run(words);
  ASSERT_EQ(ended.code, 0) << ended.err;
  const std::string told = ended.out + ended.err;
  if (told.find("Core:") == std::string::npos) GTEST_SKIP() << "LibTorch does not multiply by OpenBLAS here";
  EXPECT_THAT(told, ::testing::Not(HasSubstr("Core: Prescott")));
  words[1] = "OPENBLAS_CORETYPE=Prescott";
  words.insert(words.begin() + 2, "OPENBLAS_VERBOSE=2");
  words.emplace_back("--run.resume");
  EXPECT_THAT(test::run(words).err, HasSubstr("Core: Prescott")) << "the user's word counts";
}

TEST(Program, TrainsAndSaysSoInFilesAndInJson) {
  const TemporaryFolder folder;
  const Ended ended = test::run(small_train(folder / "run", {"--json", "--schedule.rule", "constant"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto told = nlohmann::json::parse(ended.out);
  EXPECT_EQ(told, nlohmann::json::parse(read_file(folder / "run/summary.json")));
  EXPECT_EQ(told["steps"], 64);
  EXPECT_EQ(told["rounds"], 16);
  EXPECT_DOUBLE_EQ(told["communication"], 0.25);
  EXPECT_EQ(told["bytes_per_worker"], 16 * 4 * told["parameters"].get<int64_t>());
  EXPECT_GT(told["final_test_accuracy"], 0.0);
  EXPECT_EQ(told["configuration"]["schedule"]["rule"], "constant");
  double parts = 0;
  for (const char* part : {"compute", "waiting", "averaging", "data", "evaluation", "checkpoint"})
    parts += told["seconds"][part].get<double>();
  EXPECT_LE(parts, told["seconds"]["total"].get<double>() * 1.01);
  int lines = 0;
  std::istringstream metrics(read_file(folder / "run/metrics.jsonl"));
  for (std::string line; std::getline(metrics, line);)
    if (!nlohmann::json::parse(line).contains("evaluation")) ++lines;
  EXPECT_EQ(lines, 16);
}

TEST(Program, EvaluateFindsTheAccuracyThatTrainTold) {
  const TemporaryFolder folder;
  const Ended trained =
      test::run(small_train(folder / "run", {"--json", "--task.model", "resnet8", "--run.epochs", "1"}));
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Ended evaluated = test::run({MUSTER_PROGRAM, "evaluate", folder / "run/model.safetensors", "--json"});
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  const auto json = nlohmann::json::parse(evaluated.out);
  EXPECT_EQ(json["test_accuracy"], nlohmann::json::parse(trained.out)["final_test_accuracy"]);
  EXPECT_EQ(json["samples"], 1000);
}

TEST(Program, EvaluateOnOtherDataTakesAllOfThem) {
  const TemporaryFolder folder;
  ASSERT_EQ(test::run(small_train(folder / "run", {"--task.test_samples", "40"})).code, 0);
  std::filesystem::create_directories(folder / "cifar");
  const std::string record(3073, '\1');
  std::string images;
  for (int i = 0; i < 70; ++i) images += record;
  for (const char* file : {"data_batch_1.bin", "test_batch.bin"})
    write_file_atomically((folder / "cifar/") + file, images);
  const std::string model = folder / "run/model.safetensors";
  const Ended own = test::run({MUSTER_PROGRAM, "evaluate", model, "--json"});
  ASSERT_EQ(own.code, 0) << own.err;
  EXPECT_EQ(nlohmann::json::parse(own.out)["samples"], 40);
  const Ended other = test::run({MUSTER_PROGRAM, "evaluate", model, "--task.name", "cifar10", "--task.data",
                                 folder / "cifar", "--json"});
  ASSERT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(nlohmann::json::parse(other.out)["samples"], 70);
}

TEST(Program, SignaturesAreThoseOnFile) {
  const Ended ended =
      test::run({MUSTER_PROGRAM, "signature", "--check", MUSTER_SOURCE "/tests/signature.txt"});
  EXPECT_EQ(ended.code, 0) << ended.err << ended.out;
  const TemporaryFolder folder;
  write_file_atomically(folder / "other.txt", "qsr 0000000000000000\n");
  const Ended other = test::run({MUSTER_PROGRAM, "signature", "--check", folder / "other.txt"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("'qsr'"));
}

TEST(Program, ItsOwnConfigurationFileRunsItAgain) {
  const TemporaryFolder folder;
  ASSERT_EQ(test::run(small_train(folder / "run")).code, 0);
  ASSERT_EQ(
      test::run({MUSTER_PROGRAM, "train", folder / "run/config.toml", "--run.out", folder / "again"}).code,
      0);
  EXPECT_EQ(read_file(folder / "again/model.safetensors"), read_file(folder / "run/model.safetensors"));
}

TEST(Program, StartsFromAModelAndItsOptimizer) {
  const TemporaryFolder folder;
  const Ended first = test::run(small_train(folder / "first", {"--json", "--learning_rate.peak", "0.01"}));
  ASSERT_EQ(first.code, 0) << first.err;
  std::string checkpoint;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "first/checkpoints"))
    checkpoint = std::max(checkpoint, entry.path().string());
  // One step with hardly any learning rate: what is measured then is what was started from.
  int number = 0;
  const auto loss_from = [&](const Words& more) {
    Words words = {MUSTER_PROGRAM,
                   "train",
                   "--task.model",
                   "mlp",
                   "--task.samples",
                   "512",
                   "--run.workers",
                   "2",
                   "--task.batch",
                   "8",
                   "--run.steps",
                   "1",
                   "--learning_rate.peak",
                   "1e-6",
                   "--json",
                   "--run.out",
                   folder / std::to_string(number++)};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = test::run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    return nlohmann::json::parse(ended.out)["final_test_loss"].get<double>();
  };
  const double trained = nlohmann::json::parse(first.out)["final_test_loss"];
  EXPECT_GT(std::abs(loss_from({}) - trained), 1e-2);
  EXPECT_NEAR(loss_from({"--run.start_from", folder / "first/model.safetensors"}), trained, 1e-4);
  EXPECT_NEAR(
      loss_from({"--run.start_from", checkpoint + "/model.safetensors", "--run.start_from_optimizer"}),
      trained, 1e-4);
}

int64_t threads_of(int pid) {
  int64_t count = 0;
  std::error_code ignored;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored))
    ++count;
  return count;
}

// cmake/UnusedLibraries.cmake: half of the time in which it starts.
TEST(Program, LoadsNothingThatLibtorchOnlyNames) {
  const std::string empty = std::filesystem::path(MUSTER_PROGRAM).parent_path() / "../lib/muster/unused";
  if (!std::filesystem::exists(empty)) GTEST_SKIP() << "this LibTorch names nothing that it does not use";
  const Ended listed = test::run({"/usr/bin/ldd", std::string(MUSTER_PROGRAM) + "-engine"});
  ASSERT_EQ(listed.code, 0) << listed.err;
  for (const auto& entry : std::filesystem::directory_iterator(empty)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("lib")) continue;
    EXPECT_THAT(listed.out, HasSubstr("unused/" + name));
  }
  EXPECT_THAT(listed.out, HasSubstr("libtorch_cpu"));
}

TEST(Program, HasNoMoreThreadsThanItWasTold) {
  for (const int64_t threads : {1, 3}) {
    const TemporaryFolder folder;
    ChildProcess child({MUSTER_PROGRAM, "train", "--task.model", "resnet8", "--run.workers", "4",
                        "--run.threads", std::to_string(threads), "--run.out", folder / "run"});
    for (int i = 0; i < 500 && !std::filesystem::exists(folder / "run/metrics.jsonl"); ++i)
      child.wait_for(0.02);
    int64_t most = 0;
    for (int i = 0; i < 20; ++i) {
      child.wait_for(0.05);
      most = std::max(most, threads_of(child.pid()));
    }
    EXPECT_EQ(most, threads) << "worker threads " << threads;
  }
}

}  // namespace
}  // namespace muster
