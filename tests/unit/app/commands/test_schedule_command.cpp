#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/app/commands/commands.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/metrics_file.h"
#include "tests/support/built_in.h"
#include "tests/support/command_output.h"
#include "tests/unit/app/temporary_file.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::string output_of(const Words& words) { return test::output_of(schedule_command, words); }

nlohmann::json json_of(Words words) {
  words.push_back("--json");
  return nlohmann::json::parse(output_of(words));
}

std::string message_of(const Words& words) {
  try {
    output_of(words);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "(no error)";
}

std::string config(const std::string& name) {
  const auto here = std::filesystem::path(__FILE__).parent_path();
  return (here / "../../../../configs" / name).lexically_normal().string();
}

struct Published {
  const char* file;
  Words words;
  int64_t steps, rounds, first_above, last_start, last_period;
};

// Gu et al., ICLR 2024: rounds over the published configurations.
const Published published[] = {
    {"qsr_vit_b_4096_period4.toml",
     {"93600", "0.008", "10000", "4", "0.0175"},
     93600,
     9711,
     17876,
     85458,
     8142},
    {"qsr_vit_b_4096_period8.toml",
     {"93600", "0.008", "10000", "8", "0.0175"},
     93600,
     6461,
     39136,
     91261,
     2339},
    {"qsr_resnet152_4096_period2.toml",
     {"62400", "0.8", "1560", "2", "0.2"},
     62400,
     24792,
     47306,
     61571,
     829},
    {"qsr_resnet152_4096_period4.toml",
     {"62400", "0.8", "1560", "4", "0.25"},
     62400,
     12539,
     47564,
     59524,
     2876},
    {"qsr_vit_b_16384_period4.toml",
     {"23400", "0.016", "2500", "4", "0.0175"},
     23400,
     3771,
     13096,
     23061,
     339},
    {"qsr_vit_b_16384_period8.toml", {"23400", "0.016", "2500", "8", "0.01"}, 23400, 2292, 17096, 23390, 10},
    {"qsr_resnet152_16384_period2.toml", {"15600", "1.6", "390", "2", "0.2"}, 15600, 6682, 12968, 15128, 472},
    {"qsr_resnet152_16384_period4.toml", {"15600", "1.6", "390", "4", "0.2"}, 15600, 3424, 13292, 14934, 666},
};

class PublishedSchedules : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedSchedules, FromFlagsAndFromTheFileOfTheRecipe) {
  const Published& row = GetParam();
  const auto flags = json_of({"--run.steps", row.words[0], "--learning_rate.peak", row.words[1],
                              "--learning_rate.warmup_steps", row.words[2], "--rule", "qsr", "--base_period",
                              row.words[3], "--growth", row.words[4]});
  EXPECT_EQ(flags["steps"], row.steps);
  EXPECT_EQ(flags["rounds"], row.rounds);
  EXPECT_DOUBLE_EQ(flags["communication"].get<double>(),
                   static_cast<double>(row.rounds) / static_cast<double>(row.steps));
  EXPECT_EQ(flags["first_step_above_base"], row.first_above);
  ASSERT_EQ(flags["last_rounds"].size(), 3U);
  EXPECT_EQ(flags["last_rounds"][2]["start"], row.last_start);
  EXPECT_EQ(flags["last_rounds"][2]["period"], row.last_period);
  EXPECT_EQ(json_of({config(row.file)}), flags);
}

INSTANTIATE_TEST_SUITE_P(Qsr, PublishedSchedules, ::testing::ValuesIn(published));

TEST(ScheduleCommand, WarmUpHoldsTheBase) {
  const Words vit = {"--run.steps",
                     "93600",
                     "--learning_rate.peak",
                     "0.008",
                     "--learning_rate.warmup_steps",
                     "10000",
                     "--base_period",
                     "4",
                     "--growth"};
  Words wide = vit, naive = vit;
  wide.push_back("0.03");
  EXPECT_EQ(json_of(wide)["rounds"], 4785);
  naive.insert(naive.end(), {"0.0175", "--schedule.in_warmup", "rule"});
  EXPECT_EQ(json_of(naive)["rounds"], 1);
}

TEST(ScheduleCommand, NeverAboveTheBaseIsNull) {
  const auto object = json_of({"--run.steps", "10", "--rule", "constant", "--base_period", "4"});
  EXPECT_EQ(object["rounds"], 3);
  EXPECT_TRUE(object["first_step_above_base"].is_null());
  EXPECT_EQ(object["last_rounds"], nlohmann::json::parse(R"([{"start":0,"period":4},{"start":4,"period":4},
                                                             {"start":8,"period":2}])"));
}

TEST(ScheduleCommand, EveryRuleIsPreviewedAsItSays) {
  const auto rounds = [](Words words) {
    words.insert(words.end(),
                 {"--run.steps", "1000", "--workers", "8", "--task.batch", "16", "--warmup_steps", "0"});
    return json_of(words)["rounds"].get<int64_t>();
  };
  EXPECT_EQ(rounds({"--rule", "every_step"}), 1000);
  EXPECT_EQ(rounds({"--rule", "constant", "--base_period", "8"}), 125);
  EXPECT_EQ(rounds({"--rule", "post_local", "--switch_step", "500", "--base_period", "10"}), 550);
  EXPECT_EQ(rounds({"--rule", "swap", "--switch_step", "500", "--base_period", "10"}), 51);
  EXPECT_EQ(rounds({"--rule", "piecewise", "--pieces", "0:1,100:9"}), 200);
  EXPECT_EQ(rounds({"--rule", "theory", "--theory", "stich"}), 500);  // floor(sqrt(1000 / 128)) = 2
  EXPECT_EQ(rounds({"--rule", "theory", "--theory", "khaled", "--condition_number", "5"}), 40);  // 25 steps
  EXPECT_EQ(rounds({"--rule", "power", "--exponent", "1", "--shape", "constant", "--growth", "1"}), 100);
  EXPECT_EQ(rounds({"--rule", "qsr", "--shape", "constant", "--growth", "0.5"}), 40);
}

TEST(ScheduleCommand, TextHasTableAndSentence) {
  const std::string text =
      output_of({"--run.steps", "93600", "--peak", "0.008", "--warmup_steps", "10000", "--growth", "0.0175"});
  EXPECT_THAT(text, HasSubstr("9,711"));
  EXPECT_THAT(text, HasSubstr("10.375 %"));
  EXPECT_THAT(
      text,
      HasSubstr("leaves its base of 4 steps at step 17,876 of 93,600 (19 %); the last round has 8,142"));
}

TEST(ScheduleCommand, CsvHoldsEveryRound) {
  const TemporaryFile file("", ".csv");
  const auto object = json_of({"--run.steps", "500", "--warmup_steps", "5", "--csv", file.path()});
  std::istringstream lines(read_file(file.path()));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "start,period,learning_rate");
  int64_t rounds = 0, next = 0;
  while (std::getline(lines, line)) {
    int64_t start = 0, period = 0;
    double rate = 0;
    ASSERT_EQ(std::sscanf(line.c_str(), "%ld,%ld,%lf", &start, &period, &rate), 3) << line;
    EXPECT_EQ(start, next);
    EXPECT_GT(rate, 0);
    next = start + period;
    ++rounds;
  }
  EXPECT_EQ(next, 500);
  EXPECT_EQ(rounds, object["rounds"]);
}

TEST(ScheduleCommand, NeedsSteps) {
  EXPECT_THAT(message_of({"--rule", "qsr"}), HasSubstr("run.steps = (not given): "));
  EXPECT_THAT(message_of({"--epochs", "5"}), HasSubstr("run.steps = (not given): "));
}

// Meetings every 2 steps. From step 12 on the divergence is nine times, from step 6 on the loss a quarter of
// what it was.
std::string metrics() {
  std::string text;
  for (int64_t step = 2; step <= 40; step += 2) {
    MetricsLine line;
    line.step = step;
    line.round = step / 2;
    line.period = 2;
    line.average = "parameters";
    line.learning_rate = 0.1;
    line.loss = step <= 4 ? 4.0 : 1.0;
    line.divergence = step <= 10 ? 1.0 : 9.0;
    text += to_json(line) + "\n";
  }
  return text;
}

TEST(ScheduleCommand, RulesThatListenReplayARun) {
  const TemporaryFile run(metrics(), ".jsonl");
  const Words base = {"--run.steps",    "40", "--shape",       "constant",
                      "--warmup_steps", "0",  "--base_period", "4"};
  Words adaptive = base, loss = base;
  adaptive.insert(adaptive.end(), {"--rule", "adaptive", "--replay", run.path()});
  loss.insert(loss.end(), {"--rule", "loss", "--replay", run.path()});
  Words formula = loss;
  formula.insert(formula.end(), {"--interval", "1", "--fallback", "0"});
  // rounds of 4 up to step 12; then 3, 2, 1, 1, ... (28 - 3 - 2 = 23 of one step)
  EXPECT_EQ(json_of(adaptive)["rounds"], 28);
  // two rounds of 4, as the loss of the first is the reference; then ceil(4 sqrt(1 / 4)) = 2
  EXPECT_EQ(json_of(formula)["rounds"], 18);
  // then on a plateau: half of it, from the next interval of 2 steps on
  EXPECT_EQ(json_of(loss)["rounds"], 2 + 1 + 30);
  loss.insert(loss.end(), {"--interval_seconds", "60"});
  EXPECT_THAT(message_of(loss), HasSubstr("schedule.interval_seconds"));
}

// (0.03 / 0.008)^2 = 14.06: without the paper's rule 2,500 rounds in warm-up, with it 10,000 / 14.
TEST(ScheduleCommand, RoundsInWarmUpMayBeAsLongAsTheFirstAfterIt) {
  const Words base = {"--run.steps", "93600", "--peak",        "0.008", "--warmup_steps", "10000",
                      "--rule",      "qsr",   "--base_period", "4",     "--growth",       "0.03"};
  const auto rounds = [&](const std::string& in_warmup) {
    Words words = base;
    words.insert(words.end(), {"--in_warmup", in_warmup});
    return json_of(words)["rounds"].get<int64_t>();
  };
  EXPECT_EQ(rounds("base_period"), 4785);
  EXPECT_NEAR(static_cast<double>(rounds("first_after")), 4785 - 2500 + 715, 1);
  EXPECT_EQ(rounds("rule"), 1);
}

TEST(ScheduleCommand, ReplayErrorsNameTheRemedy) {
  const TemporaryFile garbage("no metrics\n{}\n", ".jsonl"), empty("", ".jsonl");
  EXPECT_THAT(message_of({"--steps", "40", "--rule", "adaptive"}),
              HasSubstr("--replay = (not given): rule adaptive"));
  EXPECT_THAT(message_of({"--steps", "40", "--rule", "loss"}), HasSubstr("give the metrics.jsonl of a run"));
  EXPECT_THAT(message_of({"--steps", "40", "--rule", "loss", "--replay", "/nowhere"}),
              HasSubstr("--replay = /nowhere: "));
  EXPECT_THAT(message_of({"--steps", "40", "--rule", "loss", "--replay", garbage.path()}),
              HasSubstr("--replay = " + garbage.path()));
  EXPECT_THAT(message_of({"--steps", "40", "--rule", "loss", "--replay", empty.path()}),
              HasSubstr("follows the loss"));
}

/// Files that show something else than one rule: comparisons, and tasks of text.
bool is_no_rule(const std::string& stem) {
  return stem == "demo" || stem == "markov" || stem == "gpt_tinyshakespeare" || stem == "overlap" ||
         stem == "codecs";
}

TEST(Configs, EveryFileResolvesAndNamesItsRule) {
  int64_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(config(""))) {
    if (entry.path().extension() != ".toml" || is_no_rule(entry.path().stem().string())) continue;
    const Configuration configuration = resolve(catalogue, entry.path().string(), {}, Scope::preview);
    const std::string stem = entry.path().stem().string();
    EXPECT_TRUE(stem.starts_with(configuration.schedule.rule)) << stem;
    EXPECT_TRUE(configuration.run.steps) << stem;
    ++files;
  }
  EXPECT_GE(files, 18);
}

}  // namespace
}  // namespace muster
