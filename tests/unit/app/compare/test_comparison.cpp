// Comparisons before any run: arms in files and on the command line, what is run, what is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "muster/report/summary_file.h"
#include "tests/support/built_in.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/app/temporary_file.h"

namespace muster {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ComparisonRequest request_of(const std::string& toml, const std::vector<Setting>& command_line = {}) {
  const ComparisonFile file = read_comparison(catalogue, toml, "test.toml");
  ComparisonRequest request{file.base, command_line, {}, 1, "out"};
  for (const ArmTable& arm : file.arms) request.arms.push_back({arm.name, text_settings(arm.settings)});
  return request;
}

std::string error_of(const ComparisonRequest& request) {
  try {
    plan_comparison(catalogue, request);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

constexpr const char* two_arms = R"(
[run]
epochs = 3
[task]
model = "mlp"
hidden = [64, 32]
[[arm]]
name = "constant"
schedule.rule = "constant"
schedule.base_period = 8
[[arm]]
name = "qsr"
rule = "qsr"
[arm.learning_rate]
peak = 0.2
)";

TEST(ComparisonFile, ArmsHaveDottedKeysShortKeysAndTables) {
  const auto plan = plan_comparison(catalogue, request_of(two_arms));
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(value(plan[0].configuration, "schedule.base_period"), Value(int64_t{8}));
  EXPECT_EQ(plan[0].configuration.learning_rate.peak, 0.1);
  EXPECT_EQ(plan[1].configuration.schedule.rule, "qsr");
  EXPECT_EQ(plan[1].configuration.learning_rate.peak, 0.2);
  EXPECT_EQ(value(plan[1].configuration, "schedule.growth"),
            Value(0.2));  // resolved after the arm's settings
  EXPECT_THAT(plan[1].configuration.task.hidden, ElementsAre(64, 32));
}

TEST(ComparisonFile, TrainingOneSaysThatItsArmsHaveNoUse) {
  const TemporaryFile file(two_arms, ".toml");
  const TrainRequest request = read_train_request(catalogue, {file.path()});
  EXPECT_EQ(request.configuration.run.epochs, 3);
  EXPECT_THAT(request.unused, HasSubstr("its arms constant, qsr (muster compare trains them)"));
}

struct BadFile {
  const char* name;
  const char* toml;
  const char* says;
};

std::ostream& operator<<(std::ostream& out, const BadFile& bad) { return out << bad.name; }

class BadComparison : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadComparison, IsRefusedBeforeAnyRun) {
  std::string message = "accepted";
  try {
    message = error_of(request_of(GetParam().toml));
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadComparison,
    ::testing::Values(
        BadFile{"no_arm", "[run]\nsteps = 5", "add [[arm]] tables"},
        BadFile{"one_bracket", "[arm]\nname = 'a'", "[[arm]] with two brackets"},
        BadFile{"mixed_list", "arm = [1, 2]", "[[arm]] with two brackets"},
        BadFile{"empty_list", "arm = []", "[[arm]]"},
        BadFile{"no_name", "[[arm]]\nrule = 'qsr'", "every [[arm]] needs a name"},
        BadFile{"number_for_name", "[[arm]]\nname = 5", "every [[arm]] needs a name"},
        BadFile{"path_for_name", "[[arm]]\nname = '../up'", "names a folder"},
        BadFile{"hidden_name", "[[arm]]\nname = '.a'", "names a folder"},
        BadFile{"empty_name", "[[arm]]\nname = ''", "names a folder"},
        BadFile{"file_of_ours", "[[arm]]\nname = 'report.html'", "names a folder"},
        BadFile{"twice", "[[arm]]\nname = 'a'\n[[arm]]\nname = 'a'", "arm.name = a: two arms have this name"},
        BadFile{"mistyped_key", "[[arm]]\nname = 'a'\nschedule.ruel = 'qsr'",
                "arm 'a': schedule.ruel = 'qsr': there is no such key; did you mean schedule.rule?"},
        BadFile{"mistyped_word", "[[arm]]\nname = 'a'\nschedule.rule = 'qsx'", "did you mean qsr?"},
        BadFile{"wrong_type", "[[arm]]\nname = 'a'\nschedule.base_period = 'x'",
                "arm 'a': schedule.base_period"},
        BadFile{"contradiction", "[[arm]]\nname = 'a'\nrule = 'swap'", "arm 'a': schedule.switch_step"},
        BadFile{"contradicting_lengths", "[[arm]]\nname = 'a'\nrun.steps = 5\nrun.epochs = 5",
                "arm 'a': run.epochs"},
        BadFile{"lengths_of_the_base", "[run]\nsteps = 5\nepochs = 5\n[[arm]]\nname = 'a'", "run.epochs"},
        BadFile{"seed_of_an_arm", "[[arm]]\nname = 'a'\nrun.seed = 5",
                "the seeds are the same for every arm"},
        BadFile{"folder_of_an_arm", "[[arm]]\nname = 'a'\nrun.out = 'x'", "use --out"}),
    [](const auto& file) { return std::string(file.param.name); });

// Such as the file of a run: a comparison chooses its folders itself.
TEST(ComparisonFile, ItsFolderIsSetAsideAndNamed) {
  const TemporaryFile file("[run]\nout = 'x'\nresume = true\nsteps = 8\n[[arm]]\nname = 'a'\n", ".toml");
  const CompareRequest request = read_compare_request(catalogue, {file.path()});
  EXPECT_THAT(request.unused, ElementsAre("run.out", "run.resume"));
  EXPECT_EQ(plan_comparison(catalogue, request.comparison).front().configuration.run.out,
            request.comparison.folder + "/a/seed-1");
}

TEST(ComparisonArm, FromTheCommandLine) {
  const ArmRequest arm =
      parse_arm(catalogue, " big-steps :  --schedule.rule=constant  base_period=32 band=0.5,2 ");
  EXPECT_EQ(arm.name, "big-steps");
  ASSERT_EQ(arm.settings.size(), 3u);
  EXPECT_EQ(arm.settings[0].name, "schedule.rule");
  EXPECT_EQ(arm.settings[1].name, "schedule.base_period");
  EXPECT_EQ(arm.settings[2].text, "0.5,2");
  EXPECT_TRUE(parse_arm(catalogue, "base:").settings.empty());
  for (const char* text : {"", "qsr", ": rule=qsr", "two words: rule=qsr", "a: rule", "a: ruel=qsr"})
    EXPECT_THROW(parse_arm(catalogue, text), Error) << text;
}

TEST(ComparisonPlan, LayersAndLengths) {
  auto plan =
      plan_comparison(catalogue, request_of(two_arms, {{"learning_rate.peak", "0.3"}, {"run.steps", "40"}}));
  EXPECT_EQ(plan[0].configuration.learning_rate.peak, 0.3);  // the command line goes before the file,
  EXPECT_EQ(plan[1].configuration.learning_rate.peak, 0.2);  // the arm before both
  EXPECT_EQ(plan[0].configuration.run.steps, 40);
  EXPECT_FALSE(plan[0].configuration.run.epochs);
  ComparisonRequest longer = request_of(two_arms);
  longer.arms[0].settings.push_back({"run.steps", "7"});
  plan = plan_comparison(catalogue, longer);
  EXPECT_EQ(plan[0].configuration.run.steps, 7);
  EXPECT_EQ(plan[1].configuration.run.epochs, 3);
}

TEST(ComparisonPlan, SeedsRiseAndArmsTakeTurns) {
  ComparisonRequest request = request_of(two_arms, {{"run.seed", "5"}});
  request.seeds = 2;
  const auto plan = plan_comparison(catalogue, request);
  ASSERT_EQ(plan.size(), 4u);
  EXPECT_EQ(plan[1].folder, "out/qsr/seed-5");
  EXPECT_EQ(plan[2].folder, "out/constant/seed-6");
  for (const PlannedRun& run : plan) {
    EXPECT_EQ(run.configuration.run.seed, run.seed);
    EXPECT_EQ(run.configuration.run.out, run.folder);
    EXPECT_TRUE(run.configuration.run.resume);
  }
  request.command_line = {{"run.seed", "9223372036854775807"}};
  EXPECT_THAT(error_of(request), HasSubstr("run.seed"));
}

TEST(ComparisonPlan, SeedsShareDataThatAreMade) {
  ComparisonRequest request = request_of(two_arms, {{"run.seed", "5"}});
  request.seeds = 2;
  for (const PlannedRun& run : plan_comparison(catalogue, request))
    EXPECT_EQ(run.configuration.task.data_seed, 5);
  request.command_line.push_back({"task.data_seed", "9"});
  for (const PlannedRun& run : plan_comparison(catalogue, request))
    EXPECT_EQ(run.configuration.task.data_seed, 9);
  request.command_line = {{"task.name", "cifar10"}, {"task.data", "somewhere"}};
  for (const PlannedRun& run : plan_comparison(catalogue, request))
    EXPECT_FALSE(run.configuration.task.data_seed);
}

TEST(ComparisonRequest, AMarginAsksForAVerdictAndSoForEightSeeds) {
  const TemporaryFile file(two_arms, ".toml");
  const auto margin = [&](const std::string& text, const std::string& seeds) {
    return read_compare_request(catalogue, {file.path(), "--margin", text, "--seeds", seeds}).margin;
  };
  EXPECT_EQ(margin("0.5", "8"), 0.5);
  EXPECT_THROW(margin("0.5", "7"), OptionError);
  for (const char* text : {"-1", "x", "101", "1%", ""}) EXPECT_THROW(margin(text, "8"), OptionError) << text;
}

/// A plan of one run whose folder lies in `folder`.
PlannedRun one_run(const TemporaryFolder& folder, const std::vector<Setting>& settings = {}) {
  ComparisonRequest request{{}, settings, {{"a", {}}}, 1, folder.path()};
  PlannedRun run = plan_comparison(catalogue, request).front();
  std::filesystem::create_directories(run.folder);
  return run;
}

/// The summary of a run that has left a model.
Summary with_model(const PlannedRun& run, Summary summary) {
  std::ofstream(run.folder + "/model.safetensors") << "weights";
  summary.files = settle_files(run.folder, {"model.safetensors"});
  return summary;
}

bool is_finished(const PlannedRun& run) { return found_result(catalogue, run).whole(); }

void leave_summary(const PlannedRun& run) {
  Summary summary;
  summary.configuration = configuration_json(catalogue, run.configuration);
  write_summary(run.folder + "/summary.json", with_model(run, summary));
}

TEST(ComparisonKeeps, RunsWithTheSameSettings) {
  const TemporaryFolder folder;
  const PlannedRun run = one_run(folder, {{"run.workers", "2"}});
  EXPECT_FALSE(is_finished(run));
  leave_summary(run);
  EXPECT_TRUE(is_finished(run));
  EXPECT_TRUE(
      is_finished(one_run(folder, {{"run.workers", "2"}, {"run.threads", "1"}, {"checkpoint.every", "7"}})));
}

TEST(ComparisonKeeps, NoRunWhoseResultIsDamaged) {
  const TemporaryFolder folder;
  const PlannedRun run = one_run(folder, {{"run.workers", "2"}});
  leave_summary(run);
  std::ofstream(run.folder + "/model.safetensors") << "weighty";
  EXPECT_EQ(found_result(catalogue, run).state, ResultCheck::State::damaged);
  EXPECT_FALSE(read_arms(catalogue, {run}).front().runs.front().finished);
  std::filesystem::remove(run.folder + "/model.safetensors");
  EXPECT_EQ(found_result(catalogue, run).state, ResultCheck::State::damaged);
  leave_summary(run);
  EXPECT_TRUE(read_arms(catalogue, {run}).front().runs.front().finished);
  std::ofstream(run.folder + "/summary.json") << "";
  EXPECT_EQ(found_result(catalogue, run).state, ResultCheck::State::damaged);
  EXPECT_FALSE(read_arms(catalogue, {run}).front().runs.front().finished);
}

TEST(ComparisonKeeps, RunsWithOtherSettingsAreAnErrorNamingTheKey) {
  const TemporaryFolder folder;
  leave_summary(one_run(folder, {{"run.workers", "2"}}));
  try {
    is_finished(one_run(folder, {{"run.workers", "2"}, {"inner.momentum", "0.5"}}));
    FAIL() << "was kept";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("a/seed-1' holds a run with inner.momentum = 0.9"),
                                    HasSubstr("arm 'a' has 0.5"), HasSubstr("--out")));
  }
}

TEST(ComparisonKeeps, AKeyThatOlderRunsDidNotKnowHasItsDefault) {
  const TemporaryFolder folder;
  const PlannedRun run = one_run(folder);
  Summary summary;
  summary.configuration = configuration_json(catalogue, run.configuration);
  const std::string key = "\"label_smoothing\":0.0,";
  const auto at = summary.configuration.find(key);
  ASSERT_NE(at, std::string::npos);
  summary.configuration.erase(at, key.size());
  write_summary(run.folder + "/summary.json", with_model(run, summary));
  EXPECT_TRUE(is_finished(run));
  EXPECT_THROW(is_finished(one_run(folder, {{"task.label_smoothing", "0.1"}})), Error);
}

TEST(ComparisonKeeps, UnfinishedRunsWithOtherSettingsAreAnErrorOnceTheyHaveACheckpoint) {
  const TemporaryFolder folder;
  const PlannedRun run = one_run(folder, {{"run.workers", "2"}});
  std::ofstream(run.folder + "/config.toml") << write_toml(catalogue, run.configuration);
  const PlannedRun other = one_run(folder, {{"run.workers", "2"}, {"task.batch", "8"}});
  EXPECT_FALSE(is_finished(other));
  std::filesystem::create_directories(run.folder + "/checkpoints/step-00000005");
  EXPECT_FALSE(is_finished(run));
  EXPECT_THROW(is_finished(other), Error);
}

}  // namespace
}  // namespace muster
