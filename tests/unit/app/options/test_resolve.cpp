#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"
#include "tests/unit/app/temporary_file.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using Words = std::vector<std::string>;

Configuration read(const Words& words) { return read_train_request(catalogue, words).configuration; }

TEST(Resolve, DefaultsAreASoundRecipe) {
  const Configuration made = read({});
  EXPECT_EQ(made.schedule.rule, "qsr");
  EXPECT_EQ(value(made, "schedule.base_period"), Value(int64_t{4}));
  EXPECT_EQ(value(made, "schedule.growth"), Value(made.learning_rate.peak));
  EXPECT_EQ(made.run.epochs, 10);
  EXPECT_FALSE(made.run.steps);
  EXPECT_EQ(made.run.workers, usable_cores());
  EXPECT_EQ(made.run.threads, usable_cores());
  EXPECT_FALSE(made.run.out);
  EXPECT_EQ(made.task.samples, 5000);
}

TEST(Resolve, TheModelFollowsTheKindOfTheData) {
  EXPECT_EQ(read({}).task.model, "resnet8");
  EXPECT_EQ(read({"--task.name", "markov"}).task.model, "gpt");
  EXPECT_EQ(read({"--task.name", "text", "--task.data", "t.txt", "--gpt.layers", "2"}).task.model, "gpt");
  EXPECT_EQ(read({"--task.name", "markov", "--task.model", "gpt_20m"}).task.model, "gpt_20m");
}

TEST(Resolve, LengthFollowsFromSamplesWorkersAndBatch) {
  const Configuration made = read({"--workers", "3", "--task.batch", "32", "--epochs", "7"});
  const RunLength length = run_length(made, 5000);
  EXPECT_EQ(length.steps_per_epoch, 52);  // floor(5000 / 96): the rest of the permutation is dropped
  EXPECT_EQ(length.steps, 364);
  EXPECT_EQ(made.evaluation.every, 52);
}

TEST(Resolve, WhatDependsOnUnreadDataWaits) {
  Configuration made = read({"--task.name", "cifar10", "--task.data", "d", "--workers", "4"});
  EXPECT_FALSE(made.evaluation.every);
  complete(catalogue, made, 50000);
  EXPECT_EQ(made.evaluation.every, 390);
  const Configuration once = made;
  complete(catalogue, made, 50000);
  EXPECT_EQ(made, once);
}

TEST(Resolve, LengthIsCheckedWhenTheDataIsKnown) {
  Configuration made = read({"--task.name", "cifar10", "--task.data", "d", "--workers", "4", "--epochs", "1",
                             "--rule", "swap", "--switch_step", "390"});
  EXPECT_THROW(complete(catalogue, made, 50000), OptionError);
  EXPECT_NO_THROW(complete(catalogue, made, 51000));
  made.run.epochs = int64_t{1} << 60;
  EXPECT_THROW(run_length(made, 50000), OptionError);
}

TEST(Resolve, CommandLineGoesBeforeTheFile) {
  const TemporaryFile file("[schedule]\nrule = 'constant'\nbase_period = 8\n[run]\nepochs = 3\n", ".toml");
  const Configuration made = read({"--rule", "power", file.path(), "--run.steps=100"});
  EXPECT_EQ(made.schedule.rule, "power");
  EXPECT_EQ(value(made, "schedule.base_period"), Value(int64_t{8}));
  EXPECT_EQ(made.run.steps, 100);  // replaces the file's length, does not contradict it
  EXPECT_FALSE(made.run.epochs);
}

TEST(Resolve, AFileMayContradictItself) {
  const TemporaryFile file("[run]\nepochs = 3\nsteps = 5\n", ".toml");
  EXPECT_THROW(read({file.path()}), OptionError);
  EXPECT_THROW(read({file.path(), "--epochs", "4"}), OptionError);
}

TEST(Resolve, TheLastOfTwoEqualFlagsHolds) {
  EXPECT_EQ(read({"--seed", "4", "--run.seed", "5"}).run.seed, 5);
}

TEST(Resolve, BooleansListsAndNumbers) {
  const Configuration made =
      read({"--run.resume", "--out", "o", "--augment", "false", "--band", "0.5, 2", "--hidden=[64,32]",
            "--shape", "step", "--milestones", "100,200", "--peak", "1e-1", "--nesterov=true"});
  EXPECT_TRUE(made.run.resume);
  EXPECT_FALSE(made.task.augment);
  EXPECT_EQ(value(made, "inner.nesterov"), Value(true));
  EXPECT_EQ(value(made, "schedule.band"), Value(std::vector<double>{0.5, 2.0}));
  EXPECT_THAT(made.task.hidden, ElementsAre(64, 32));
  EXPECT_THAT(made.learning_rate.milestones, ElementsAre(100, 200));
  EXPECT_EQ(made.learning_rate.peak, 0.1);
}

TEST(Resolve, OuterDefaultsFollowTheOptimizer) {
  EXPECT_EQ(value(read({}), "outer.momentum"), Value());
  EXPECT_EQ(value(read({"--outer.optimizer", "slowmo"}), "outer.momentum"), Value(0.5));
  EXPECT_EQ(value(read({"--outer.optimizer", "slowmo"}), "outer.learning_rate"), Value(1.0));
  EXPECT_EQ(value(read({"--outer.optimizer", "nesterov"}), "outer.learning_rate"), Value(0.7));
  EXPECT_EQ(value(read({"--outer.optimizer", "nesterov", "--outer.momentum", "0"}), "outer.momentum"),
            Value(0.0));
}

TEST(Resolve, PiecesComeAsListTomlListOrCsv) {
  const TemporaryFile csv("step,period\n0,4\n100,16\n", ".csv");
  const TemporaryFile toml("[schedule]\nrule = 'piecewise'\npieces = ['0:4', '100:16']\n", ".toml");
  EXPECT_EQ(value(read({"--rule", "piecewise", "--pieces", csv.path()}), "schedule.pieces"),
            Value("0:4,100:16"));
  EXPECT_EQ(value(read({"--rule", "piecewise", "--pieces", "0:4, 100:16"}), "schedule.pieces"),
            Value("0:4,100:16"));
  EXPECT_EQ(value(read({toml.path()}), "schedule.pieces"), Value("0:4,100:16"));
}

TEST(Resolve, EvaluationAndPreviewAreNotAskedForMoreThanTheyUse) {
  EXPECT_NO_THROW(
      resolve(catalogue, std::nullopt, {{"task.name", "cifar10"}, {"run.steps", "10"}}, Scope::preview));
  EXPECT_NO_THROW(
      resolve(catalogue, std::nullopt, {{"run.workers", "4096"}, {"run.steps", "10"}}, Scope::preview));
  EXPECT_NO_THROW(resolve(catalogue, std::nullopt, {{"schedule.rule", "swap"}}, Scope::evaluation));
  EXPECT_THROW(resolve(catalogue, std::nullopt, {{"task.name", "cifar10"}}, Scope::evaluation), OptionError);
}

class RoundTrip : public ::testing::TestWithParam<Words> {};

TEST_P(RoundTrip, PrintedConfigurationReadsBackTheSame) {
  const Configuration made = read(GetParam());
  const TemporaryFile file(write_toml(catalogue, made), ".toml");
  const Configuration again = read({file.path()});
  for (const Key& key : catalogue.keys()) EXPECT_EQ(key.get(again), key.get(made)) << key.name;
}

INSTANTIATE_TEST_SUITE_P(
    Configurations, RoundTrip,
    ::testing::Values(
        Words{}, Words{"--run.steps", "123", "--peak", "0.30000000000000004", "--clip", "1"},
        Words{"--rule", "piecewise", "--pieces", "0:1,20:9"},
        Words{"--task.name", "cifar10", "--task.data", "a \"b\"\\c\t\x7f\xc3\xa9", "--epochs", "3"},
        Words{"--outer.optimizer", "nesterov", "--shape", "step", "--milestones", "10,20"},
        Words{"--inner.epsilon", "1e-300", "--growth", "0", "--hidden", "1,2,3", "--resume", "--out", "o"},
        Words{"--seed", "9223372036854775807", "--band", "1e-5,7", "--evaluation.every", "0"}));

TEST(ConfigurationJson, HoldsEveryKeyWithItsValue) {
  const auto object =
      nlohmann::json::parse(configuration_json(catalogue, read({"--steps", "50", "--rule", "constant"})));
  for (const Key& key : catalogue.keys())
    EXPECT_TRUE(object.at(key.section()).contains(key.short_name())) << key.name;
  EXPECT_EQ(object["run"]["steps"], 50);
  EXPECT_EQ(object["run"]["epochs"], nullptr);
  EXPECT_EQ(object["schedule"]["rule"], "constant");
  EXPECT_EQ(object["schedule"]["band"], nlohmann::json::array({0.7, 1.3}));
  EXPECT_EQ(object["learning_rate"]["warmup_steps"], 0);
}

}  // namespace
}  // namespace muster
