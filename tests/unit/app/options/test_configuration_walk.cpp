// Every configuration that a command prints, or that lies in configs/, with every command that takes one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/serve_request.h"
#include "muster/app/options/toml_file.h"
#include "muster/app/planner/plan_request.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/app/temporary_file.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// What a command that takes a configuration says of its keys without use.
using Taker = std::function<std::string(const std::string& file, const Words& more)>;

std::string compared(const std::string& file, const Words& more) {
  const CompareRequest request =
      read_compare_request(catalogue, with({file, "--arm", "one: checkpoint.every=77"}, more));
  std::vector<std::string> names = request.unused;
  for (const std::string& name : unused_in(plan_comparison(catalogue, request.comparison)))
    names.push_back(name);
  return unused_line(file, "muster compare", names);
}

std::string launched(const std::string& file, const Words& more) {
  std::vector<Setting> settings;
  for (size_t i = 0; i + 1 < more.size(); i += 2) settings.push_back({more[i].substr(2), more[i + 1]});
  const Given given = read_given(catalogue, file, settings, Scope::training);
  const int64_t processes = *resolve_given(catalogue, given, Scope::training).configuration.run.workers;
  return unused_line(file, "muster train",
                     resolve_given(catalogue, given, Scope::training, {.all = processes}).unused);
}

std::string previewed(const std::string& file, const Words& more) {
  std::vector<Setting> settings;
  for (size_t i = 0; i + 1 < more.size(); i += 2) settings.push_back({more[i].substr(2), more[i + 1]});
  return unused_line(
      file, "muster schedule",
      resolve_given(catalogue, read_given(catalogue, file, settings, Scope::preview), Scope::preview).unused);
}

const std::map<std::string, Taker>& takers() {
  static const std::map<std::string, Taker> all = {
      {"train", [](const auto& file,
                   const Words& more) { return read_train_request(catalogue, with({file}, more)).unused; }},
      {"launch", launched},
      {"compare", compared},
      {"schedule", previewed},
      {"plan",
       [](const auto& file, const Words& more) {
         return read_plan_request(catalogue,
                                  with({file, "--step-time", "10ms", "--train-samples", "100000"}, more))
             .unused;
       }},
      {"simulate",
       [](const auto& file, const Words& more) {
         return read_simulate_request(catalogue, with({file}, more)).unused;
       }},
      {"serve", [](const auto& file,
                   const Words& more) { return read_serve_request(catalogue, with({file}, more)).unused; }},
      {"work",
       [](const auto& file, const Words& more) {
         return read_work_request(catalogue, with({"127.0.0.1:1", file}, more)).unused;
       }},
  };
  return all;
}

struct Printed {
  std::string name, text;
};

std::string trained(const Words& words) {
  const TrainRequest request = read_train_request(catalogue, words);
  return *printed_configuration(catalogue, request.arguments, request.resolution, Scope::training);
}

std::vector<Printed> printed_ones() {
  const std::vector<Words> trainings = {
      {},
      {"--rule", "constant", "--base_period", "8", "--epochs", "3"},
      {"--rule", "every_step"},
      {"--rule", "swap", "--switch_step", "20", "--run.steps", "40", "--warmup_steps", "30"},
      {"--rule", "piecewise", "--pieces", "0:4,10:16"},
      {"--outer.optimizer", "nesterov", "--comm.codec", "int8", "--run.verify", "--run.workers", "2"},
      {"--comm.overlap", "delayed", "--comm.fragments", "2", "--run.probe", "noise:every=10"},
      {"--group_size", "2", "--inner_period", "2", "--run.workers", "4", "--min_workers", "1"},
      {"--task.name", "markov", "--run.steps", "40", "--gpt.layers", "2", "--inner.optimizer", "adamw"},
      {"--task.name", "clusters", "--clusters.noise", "1", "--learning_rate.shape", "step", "--milestones",
       "20,30", "--run.steps", "40"},
      {"--task.name", "cifar10", "--task.data", "anywhere", "--run.epochs", "2", "--run.out", "somewhere"},
      {"--task.name", "folder", "--task.data", "anywhere", "--image.size", "64", "--loader_threads", "2"},
      {"--checkpoint.every", "7", "--evaluation.every", "5", "--run.out", "somewhere", "--run.resume"},
  };
  const std::vector<Words> asynchronous = {
      {"--run.steps", "400"},
      {"--run.steps", "400", "--async.outer", "buffer", "--async.buffer_step", "adam", "--run.workers", "6"},
      {"--run.steps", "400", "--async.outer", "delayed_nesterov", "--async.seconds_per_step", "1,2"},
  };
  std::vector<Printed> all;
  for (const std::string how : {"--print-config", "--print-config=all"}) {
    for (const Words& words : trainings)
      all.push_back({"train " + ::testing::PrintToString(words) + how, trained(with(words, {how}))});
    for (const Words& words : asynchronous) {
      const SimulateRequest simulated = read_simulate_request(catalogue, with(words, {how}));
      all.push_back(
          {"simulate " + ::testing::PrintToString(words) + how,
           *printed_configuration(catalogue, simulated.arguments, simulated.resolution, Scope::simulation)});
    }
    const ServeRequest served = read_serve_request(
        catalogue, {"--run.steps", "400", "--serve.lease", "9", "--comm.codec", "int8", how});
    all.push_back(
        {"serve", *printed_configuration(catalogue, served.arguments, served.resolution, Scope::serving)});
    const CompareRequest comparison = read_compare_request(
        catalogue,
        {"--run.steps", "40", "--arm", "a: rule=constant base_period=2", "--arm", "b: rule=qsr", how});
    all.push_back({"compare", printed_comparison(catalogue, comparison)});
  }
  return all;
}

std::string answer(const Taker& taker, const std::string& file, const Words& more) {
  try {
    return taker(file, more);
  } catch (const Error& error) {
    return std::string("REFUSED: ") + error.what();
  }
}

TEST(ConfigurationWalk, WhatACommandPrintsEveryCommandTakes) {
  for (const Printed& printed : printed_ones()) {
    const TemporaryFile file(printed.text, ".toml");
    for (const auto& [command, taker] : takers())
      EXPECT_THAT(answer(taker, file.path(), {}), AllOf(Not(HasSubstr("REFUSED")), Not(HasSubstr("\n"))))
          << printed.name << "\nwith muster " << command << ", printed:\n"
          << printed.text;
  }
}

/// What a file leaves to whoever has the data: where they lie, or enough of the generated ones.
Words data_for(const std::string& file) {
  for (const FileSetting& setting : read_comparison_file(catalogue, file).base)
    if (setting.name == "task.name" && setting.value != Value("generated") &&
        setting.value != Value("clusters"))
      return setting.value == Value("markov") ? Words{} : Words{"--task.data", "anywhere"};
  return {"--task.samples", "100000"};
}

TEST(ConfigurationWalk, WhatLiesInConfigsEveryCommandTakes) {
  const auto root =
      (std::filesystem::path(__FILE__).parent_path() / "../../../../configs").lexically_normal();
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    for (const auto& [command, taker] : takers())
      EXPECT_THAT(answer(taker, entry.path(), data_for(entry.path())), Not(HasSubstr("REFUSED")))
          << entry.path() << " with muster " << command;
  }
  EXPECT_GE(files, 40);
}

TEST(ConfigurationWalk, ReadsBackAsTheSameRun) {
  for (const Words& words :
       {Words{"--rule", "piecewise", "--pieces", "0:4,10:16", "--run.workers", "3"},
        Words{"--task.name", "markov", "--run.steps", "40", "--outer.optimizer", "slowmo"}}) {
    for (const std::string how : {"--print-config", "--print-config=all"}) {
      const TemporaryFile file(trained(with(words, {how})), ".toml");
      EXPECT_EQ(configuration_json(catalogue, read_train_request(catalogue, {file.path()}).configuration),
                configuration_json(catalogue, read_train_request(catalogue, words).configuration))
          << how;
    }
  }
}

TEST(ConfigurationWalk, NamesWhatHasNoUse) {
  const TemporaryFile trained_file(
      trained({"--rule", "constant", "--comm.codec", "int8", "--checkpoint.every", "3", "--print-config"}),
      ".toml");
  EXPECT_THAT(read_simulate_request(catalogue, {trained_file.path()}).unused,
              AllOf(HasSubstr(trained_file.path()), HasSubstr("muster simulate"), HasSubstr("schedule.rule"),
                    HasSubstr("comm.codec"), HasSubstr("checkpoint.every"), Not(HasSubstr("run.workers"))));
  EXPECT_THAT(read_serve_request(catalogue, {trained_file.path()}).unused,
              AllOf(HasSubstr("schedule.rule"), Not(HasSubstr("comm.codec"))));
  EXPECT_THAT(read_train_request(catalogue, {trained_file.path()}).unused, IsEmpty());
  const TemporaryFile async_file("[run]\nsteps = 40\n[async]\ngrace = 2\n[serve]\nlease = 9\n", ".toml");
  EXPECT_THAT(read_train_request(catalogue, {async_file.path()}).unused,
              AllOf(HasSubstr("async.grace"), HasSubstr("serve.lease")));
}

TEST(ConfigurationWalk, TheCommandLineMakesKeysOfTheFileUseless) {
  const TemporaryFile file(
      "[outer]\noptimizer = \"nesterov\"\nmomentum = 0.8\n[learning_rate]\nshape = \"step\"\nmilestones = "
      "[9]\n"
      "[comm]\ngroup_size = 2\ninner_period = 2\n[run]\nworkers = 4\n",
      ".toml");
  const TrainRequest request =
      read_train_request(catalogue, {file.path(), "--rule", "every_step", "--shape", "cosine"});
  EXPECT_EQ(request.configuration.outer.optimizer, "average");
  EXPECT_THAT(request.unused, AllOf(HasSubstr("outer.optimizer"), HasSubstr("outer.momentum"),
                                    HasSubstr("learning_rate.milestones"), HasSubstr("comm.group_size"),
                                    HasSubstr("comm.inner_period")));
}

TEST(ConfigurationWalk, RefusesWhatIsSaidWithoutUse) {
  EXPECT_THROW(read_train_request(catalogue, {"--async.grace", "2"}), OptionError);
  const TemporaryFile file("[outer]\nmomentum = 0.8\n", ".toml");
  EXPECT_THROW(read_train_request(catalogue, {file.path()}), OptionError) << "the file contradicts itself";
  const TemporaryFile plain("[run]\nsteps = 400\n", ".toml");
  EXPECT_THROW(read_simulate_request(catalogue, {plain.path(), "--rule", "constant"}), OptionError);
}

TEST(ConfigurationWalk, AFileOfManyUselessKeysIsToldInOneShortLine) {
  std::vector<std::string> names = {"run.probe"};
  for (const char* key : {"schedule.rule", "schedule.growth", "schedule.base_period", "comm.codec",
                          "comm.bucket", "comm.scale", "comm.overlap", "outer.momentum"})
    names.emplace_back(key);
  EXPECT_EQ(unused_line("a.toml", "muster serve", names),
            "a.toml: without use in muster serve, left out: run.probe, schedule.* (3 keys), comm.* (4 keys), "
            "outer.momentum");
}

TEST(ConfigurationWalk, PrintsWhatDiffersOrAll) {
  EXPECT_EQ(trained({"--run.workers", "2", "--rule", "constant", "--base_period", "4", "--print-config"}),
            "# What differs from the defaults; --print-config=all writes every key with its meaning.\n"
            "\n[run]\nworkers = 2\n\n[schedule]\nrule = \"constant\"\n");
  EXPECT_THAT(trained({"--print-config=all"}), AllOf(HasSubstr("base_period = 4"), HasSubstr("[serve]")));
  EXPECT_THROW(read_train_request(catalogue, {"--print-config=some"}), OptionError);
}

// A run's own file, in the folder of a run of another kind, is that of a new run.
TEST(ConfigurationWalk, TheFolderOfAnotherKindOfRunIsLeftAlone) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "config.toml",
                        "[run]\nout = \"x\"\nresume = true\nsteps = 400\n[schedule]\nrule = \"constant\"\n");
  write_file_atomically(folder / "metrics.jsonl", "");
  const SimulateRequest simulated = read_simulate_request(catalogue, {folder / "config.toml"});
  EXPECT_EQ(simulated.configuration.run.out, std::nullopt);
  EXPECT_FALSE(simulated.configuration.run.resume);
  EXPECT_THAT(simulated.unused,
              AllOf(HasSubstr("run.out"), HasSubstr("run.resume"), HasSubstr("schedule.rule")));
  EXPECT_THROW(read_simulate_request(catalogue, {folder.path()}), OptionError)
      << "no simulation to go on with";
  const TrainRequest continued = read_train_request(catalogue, {folder.path()});
  EXPECT_EQ(continued.configuration.run.out, folder.path());
  EXPECT_TRUE(continued.configuration.run.resume);
}

TEST(ConfigurationWalk, AFolderThatIsNoRunIsRefused) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_train_request(catalogue, {folder.path()}), OptionError);
  write_file_atomically(folder / "config.toml", "[run]\nsteps = 4\n");
  EXPECT_THROW(read_train_request(catalogue, {folder.path()}), OptionError) << "nothing was begun here";
  EXPECT_NO_THROW(read_train_request(catalogue, {folder / "config.toml"}));
}

}  // namespace
}  // namespace muster
