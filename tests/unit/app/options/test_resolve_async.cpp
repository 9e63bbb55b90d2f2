// Configurations of asynchronous runs: what is filled in, and what does not go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "muster/app/commands/commands.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/resolve_async.h"
#include "muster/app/options/simulation_options.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Configuration simulated(std::vector<Setting> settings) {
  settings.insert(settings.begin(), {"task.name", "clusters"});
  return resolve(catalogue, std::nullopt, settings, Scope::simulation);
}

std::string message(std::vector<Setting> settings) {
  try {
    simulation_options(simulated(std::move(settings)), 0);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

TEST(ResolveAsync, FillsInWhatFollowsFromTheWorkers) {
  const Configuration run = simulated({{"run.steps", "4000"}});
  EXPECT_EQ(run.run.workers, 4);
  EXPECT_EQ(run.async.shards, 4);
  EXPECT_EQ(value(run, "async.delay"), Value(int64_t{4}));
  EXPECT_EQ(value(run, "async.learning_rate"), Value(0.7));
  EXPECT_EQ(run.async.weight, 1.0);
  EXPECT_EQ(run.task.sampler, "shard");
  EXPECT_EQ(run.task.model, "mlp");
  EXPECT_EQ(run.evaluation.every, 400);
  const Configuration naive = simulated({{"async.outer", "nesterov"}, {"run.workers", "16"}});
  EXPECT_DOUBLE_EQ(*naive.async.weight, 0.25) << "sqrt(16) / 16";
  EXPECT_EQ(naive.run.steps, 10 * 4096 / 32);
  EXPECT_EQ(value(naive, "async.delay"), Value());
  EXPECT_EQ(value(simulated({{"async.outer", "adam"}}), "async.learning_rate"), Value(0.001));
  EXPECT_EQ(
      value(simulated({{"async.outer", "buffer"}, {"async.buffer_step", "adam"}}), "async.learning_rate"),
      Value(0.001));
}

TEST(ResolveAsync, WhatItWritesReadsBackToTheSame) {
  for (const char* outer : {"nesterov", "sgd", "momentum", "buffer", "delayed_nesterov", "ema", "adam"}) {
    const Configuration run = simulated({{"async.outer", outer}, {"run.steps", "4000"}});
    Configuration again;
    for (const FileSetting& setting : read_toml(catalogue, write_toml(catalogue, run), "written"))
      catalogue.find_key(setting.name, "").set(again, setting.value);
    EXPECT_NO_THROW(check_async(catalogue, again)) << outer;
    fill_async(catalogue, again);
    complete_async(again, 4096);
    EXPECT_EQ(configuration_json(catalogue, again), configuration_json(catalogue, run)) << outer;
  }
}

TEST(ResolveAsync, BecomesTheOptionsOfASimulation) {
  const Configuration run = simulated({{"run.steps", "4000"},
                                       {"run.workers", "6"},
                                       {"async.bandwidth", "8"},
                                       {"async.latency", "0.5"},
                                       {"async.failures", "5:10-20"},
                                       {"async.shard_sampling", "fixed"},
                                       {"async.measure_speeds", "true"}});
  const SimulationOptions options = simulation_options(run, 2e6);
  EXPECT_EQ(options.devices.workers, 6);
  EXPECT_DOUBLE_EQ(options.link.seconds(), 2.5) << "8 Mbit/s are 1 MB/s";
  EXPECT_EQ(options.outages, (std::vector<Outage>{{5, 10, 20}}));
  EXPECT_EQ(options.dispatch.sampling.rule, ShardRule::fixed);
  EXPECT_EQ(options.dispatch.sampling.sizes.size(), 6U);
  EXPECT_FALSE(options.speeds_known);
  EXPECT_EQ(simulated_speeds(run)[4].seconds_per_step_at(0), 0.58) << "the devices in turn";
}

TEST(ResolveAsync, ContradictionsNameTheKeyToChange) {
  EXPECT_THAT(message({{"schedule.rule", "qsr"}, {"schedule.base_period", "8"}}),
              StartsWith("schedule.base_period = 8: has no use in an asynchronous run"));
  EXPECT_THAT(message({{"outer.optimizer", "nesterov"}}), HasSubstr("async.outer"));
  EXPECT_THAT(message({{"comm.codec", "int8"}}), StartsWith("comm.codec = "));
  EXPECT_THAT(message({{"elastic.deadline", "3"}}), HasSubstr("async.failures"));
  EXPECT_THAT(message({{"checkpoint.every", "3"}}), StartsWith("checkpoint.every = 3"));
  EXPECT_THAT(message({{"run.resume", "true"}}), StartsWith("run.resume = true"));
  EXPECT_THAT(message({{"async.outer", "nesterov"}, {"async.delay", "4"}}), StartsWith("async.delay = 4"));
  EXPECT_THAT(message({{"async.outer", "ema"}, {"async.momentum_spread", "0.1"}}),
              StartsWith("async.momentum_spread = 0.1"));
  EXPECT_THAT(message({{"async.momentum_spread", "0.3"}}), HasSubstr("at most 1/async.delay = 0.25"));
  EXPECT_THAT(message({{"async.buffer_step", "sgd"}}), StartsWith("async.buffer_step = sgd"));
  EXPECT_THAT(message({{"async.beta2", "0.5"}}), StartsWith("async.beta2 = 0.5"));
  EXPECT_THAT(message({{"async.look_ahead", "true"}}), StartsWith("async.look_ahead = true"));
  EXPECT_THAT(message({{"async.speed_quantile", "0.9"}}), HasSubstr("async.dynamic_local_updates"));
  EXPECT_THAT(message({{"run.workers", "3"}}), StartsWith("run.workers = 3"));
  EXPECT_THAT(message({{"async.failures", "9:1-2"}}), StartsWith("async.failures = 9:1-2"));
  EXPECT_THAT(message({{"run.steps", "400"}, {"learning_rate.warmup_steps", "101"}}),
              HasSubstr("each of the 4 shards has 100 steps"));
  EXPECT_THAT(message({{"task.model", "resnet8"}}), StartsWith("task.model = resnet8"));
  EXPECT_EQ(message({}), "");
}

TEST(ResolveAsync, LockstepTrainingRefusesTheKeys) {
  try {
    resolve(catalogue, std::nullopt, {{"async.grace", "1"}});
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), StartsWith("async.grace = 1: belongs to asynchronous runs"));
  }
}

TEST(ResolveAsync, ClustersAreALockstepTaskToo) {
  const Configuration run =
      resolve(catalogue, std::nullopt, {{"task.name", "clusters"}, {"run.workers", "2"}});
  EXPECT_EQ(run.task.samples, 4096);
  EXPECT_EQ(run.evaluation.every, 64);
  EXPECT_THROW(resolve(catalogue, std::nullopt, {{"clusters.noise", "1"}}), OptionError)
      << "images have none";
}

std::vector<std::string> files() {
  const auto folder =
      (std::filesystem::path(__FILE__).parent_path() / "../../../../configs/async").lexically_normal();
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  return paths;
}

TEST(ResolveAsync, EveryFileOfConfigsIsARun) {
  EXPECT_GE(files().size(), 10U);
  for (const std::string& path : files()) {
    std::vector<Setting> data;
    if (path.find("gpt") != std::string::npos) data.push_back({"task.data", "anywhere"});
    EXPECT_NO_THROW(resolve(catalogue, path, data, Scope::simulation)) << path;
  }
}

TEST(SimulateRequest, AReplayStandsAlone) {
  EXPECT_TRUE(read_simulate_request(catalogue, {"--replay", "FILE", "--json"}).arguments.has("replay"));
  EXPECT_THROW(read_simulate_request(catalogue, {"--replay", "FILE", "--async.grace", "1"}), OptionError);
  EXPECT_THROW(read_simulate_request(catalogue, {"--replay", "FILE", "--no-training"}), OptionError);
  EXPECT_THROW(read_simulate_request(catalogue, {"--async.graze", "1"}), OptionError);
}

}  // namespace
}  // namespace muster
