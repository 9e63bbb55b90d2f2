// The files of configs/papers: complete runs of published experiments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/toml_file.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using Words = std::vector<std::string>;

std::filesystem::path papers() {
  return (std::filesystem::path(__FILE__).parent_path() / "../../../../configs/papers").lexically_normal();
}

Configuration resolved(const std::string& name, std::vector<Setting> settings = {}) {
  settings.push_back({"task.data", "anywhere"});
  return resolve(catalogue, (papers() / (name + ".toml")).string(), settings);
}

std::vector<std::string> paper_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(papers()))
    names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class PaperFile : public ::testing::TestWithParam<std::string> {};

/// The run that a file describes, or the first seed's of each arm that it compares.
std::vector<Configuration> runs_of(const std::string& name) {
  const std::string path = (papers() / (name + ".toml")).string();
  if (read_comparison_file(catalogue, path).arms.empty()) return {resolved(name)};
  std::vector<Configuration> runs;
  for (PlannedRun& run : plan_comparison(
           catalogue, read_compare_request(catalogue, {path, "--task.data", "anywhere"}).comparison))
    runs.push_back(std::move(run.configuration));
  return runs;
}

TEST_P(PaperFile, IsACompleteRunOnceTheDataAreNamed) {
  const std::vector<Configuration> runs = runs_of(GetParam());
  for (const Configuration& run : runs) {
    EXPECT_NE(run.task.name, "generated");
    EXPECT_TRUE(run.run.steps || run.run.epochs);
    EXPECT_GE(*run.run.workers, 4);
    EXPECT_THAT(catalogue.models().words(), ::testing::Contains(run.task.model));
    EXPECT_EQ(run.task.batch % run.run.micro_batches, 0);
    // The arms of a study take the same samples.
    EXPECT_EQ(*run.run.workers * run.task.batch, *runs.front().run.workers * runs.front().task.batch);
    EXPECT_EQ(run.run.steps, runs.front().run.steps);
  }
}

// Rounds of both Local SGD arms are as long in learning rate x period: the second drift weighs the same.
TEST(Papers, TheSmallStudyOfTheSlowSdeKeepsRateTimesPeriod) {
  for (const char* name : {"slow_sde_small_plain", "slow_sde_small_label_noise"}) {
    int local = 0;
    for (const Configuration& run : runs_of(name)) {
      if (run.schedule.rule != "constant") continue;
      EXPECT_NEAR(
          run.learning_rate.peak * static_cast<double>(*run.schedule.values.given<int64_t>("base_period")), 2,
          1e-12)
          << name;
      ++local;
    }
    EXPECT_EQ(local, 2) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Papers, PaperFile, ::testing::ValuesIn(paper_files()),
                         [](const auto& paper) { return paper.param; });

struct Published {
  const char* file;
  Words changes;
  int64_t steps, batch, rounds;
};

// Rounds over the published schedules; batch: samples of all workers in a step.
const Published published[] = {
    {"qsr_resnet152_4096", {}, 62400, 4096, 24792},
    {"qsr_resnet152_4096", {"--base_period", "4", "--growth", "0.25"}, 62400, 4096, 12539},
    {"qsr_resnet152_16384", {}, 15600, 16384, 6682},
    {"qsr_resnet152_16384", {"--base_period", "4", "--growth", "0.2"}, 15600, 16384, 3424},
    {"qsr_vit_b_4096", {}, 93600, 4096, 9711},
    {"qsr_vit_b_4096", {"--base_period", "8", "--growth", "0.0175"}, 93600, 4096, 6461},
    {"qsr_vit_b_16384", {}, 23400, 16384, 3771},
    {"qsr_vit_b_16384", {"--base_period", "8", "--growth", "0.01"}, 23400, 16384, 2292},
    {"slow_sde_resnet56_post_local", {}, 6000, 4096, 3000 + 5},
    {"slow_sde_resnet56_post_local",
     {"--run.steps", "3000", "--rule", "constant", "--peak", "0.32", "--decay", "1", "--milestones", "1",
      "--warmup_steps", "0"},
     3000,
     4096,
     5},
    {"slow_sde_resnet56_label_noise", {}, 3000, 4096, 8},  // seven of 384 steps and the rest
    {"slow_sde_resnet50_post_local", {}, 7800, 8192, 300},
    {"async_local_sgd_gpt_20m", {}, 64000, 512, 1280},
    {"async_local_sgd_gpt_60m", {}, 64000, 512, 1280},
    {"async_local_sgd_gpt_150m", {}, 64000, 512, 1280},
};

TEST(Papers, SchedulesHaveThePublishedRounds) {
  for (const Published& row : published) {
    Words words = {(papers() / (std::string(row.file) + ".toml")).string(), "--json"};
    words.insert(words.end(), row.changes.begin(), row.changes.end());
    ::testing::internal::CaptureStdout();
    const int code = schedule_command(catalogue, words);
    const auto told = nlohmann::json::parse(::testing::internal::GetCapturedStdout());
    EXPECT_EQ(code, 0);
    EXPECT_EQ(told["steps"], row.steps) << row.file;
    EXPECT_EQ(told["rounds"], row.rounds) << row.file;
    const Configuration run = resolved(row.file);
    EXPECT_EQ(*run.run.workers * run.task.batch, row.batch) << row.file;
  }
}

// The learning rate of the second half is the published one, whatever the first half is.
TEST(Papers, PostLocalEndsWithThePublishedLearningRate) {
  const Configuration run = resolved("slow_sde_resnet56_post_local");
  EXPECT_NEAR(run.learning_rate.peak * run.learning_rate.decay, 0.01 * 32, 1e-12);
  EXPECT_EQ(run.learning_rate.milestones,
            std::vector<int64_t>{*run.schedule.values.given<int64_t>("switch_step")});
}

// As the file says: one worker, one round, and a meeting that takes the worker's weights as they are.
TEST(Papers, PretrainingOfTheTextModelsResolves) {
  const Configuration run = resolved("async_local_sgd_gpt_20m", {{"run.steps", "24000"},
                                                                 {"run.workers", "1"},
                                                                 {"schedule.base_period", "24000"},
                                                                 {"outer.learning_rate", "1"},
                                                                 {"outer.momentum", "0"}});
  EXPECT_EQ(run.outer.optimizer, "nesterov");
  EXPECT_EQ(value(run, "outer.momentum"), Value(0.0));
}

TEST(Models, EachHasAPaperAndAnInput) {
  for (const ModelKind& kind : catalogue.models().all()) {
    const bool text = kind.inputs == Inputs::text;
    EXPECT_FALSE(kind.paper.empty()) << kind.name;
    EXPECT_EQ(kind.side == 0, text) << kind.name;
    EXPECT_EQ(kind.classes == 0, text) << kind.name;
    EXPECT_EQ(kind.network.has_value(), !text) << kind.name;
  }
}

}  // namespace
}  // namespace muster
