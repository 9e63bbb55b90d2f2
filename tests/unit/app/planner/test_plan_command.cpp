#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/options/resolve.h"
#include "muster/app/planner/plan_probe.h"
#include "muster/app/planner/plan_result.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/metrics_file.h"
#include "tests/support/built_in.h"
#include "tests/support/command_output.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

std::string config(const std::string& name) {
  const auto here = std::filesystem::path(__FILE__).parent_path();
  return (here / "../../../../configs" / name).lexically_normal().string();
}

Json json_of(Words words) {
  words.emplace_back("--json");
  return Json::parse(test::output_of(plan_command, words));
}

std::string message_of(const Words& words) {
  try {
    test::output_of(plan_command, words);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "(no error)";
}

Words totals(const std::string& file, const std::string& every, const std::string& qsr) {
  return {config(file), "--total", "every_step:" + every, "--total", "qsr:" + qsr};
}

// Gu et al., ICLR 2024: ViT-B on 16 and 64 GPUs, from the total times alone.
TEST(PlanCommand, SolvesThePapersTotals) {
  const Json small = json_of(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"));
  EXPECT_NEAR(small.at("communication_hours"), 7.25, 0.01);
  EXPECT_NEAR(small.at("compute_hours"), 19.45, 0.01);
  EXPECT_NEAR(small.at("compute_seconds_per_step"), 0.748, 0.0005);
  EXPECT_NEAR(small.at("predicted").at("constant:4"), 21.26, 0.01);
  EXPECT_NEAR(small.at("predicted").at("constant:8"), 20.35, 0.01);
  EXPECT_NEAR(small.at("predicted").at("qsr"), 20.2, 1e-6);
  EXPECT_NEAR(small.at("predicted").at("every_step"), 26.7, 1e-6);
  const Json large = json_of(totals("qsr_vit_b_16384_period4.toml", "8.6h", "5.5h"));
  EXPECT_NEAR(large.at("communication_hours"), 3.70, 0.01);
  EXPECT_NEAR(large.at("compute_seconds_per_step"), 0.7545, 0.0005);
  EXPECT_NEAR(large.at("predicted").at("constant:4"), 5.83, 0.01);
  EXPECT_NEAR(large.at("predicted").at("constant:8"), 5.37, 0.01);
  EXPECT_EQ(large.at("recommended").at("rule"), "qsr");
}

// T_comm = H / (H - 1) (T_1 - T_H), the paper's own form.
TEST(PlanCommand, OtherTotalsFollowTheSameRule) {
  const Json plan = json_of({"--run.steps", "12000", "--run.workers", "8", "--schedule.rule", "constant",
                             "--total", "every_step:600min", "--total", "constant:5:24000s"});
  EXPECT_NEAR(plan.at("communication_hours"), 5.0 / 4 * (10 - 24000 / 3600.0), 1e-9);
  EXPECT_NEAR(plan.at("predicted").at("constant:5"), 24000 / 3600.0, 1e-9);
}

const Words figures = {"--run.steps",
                       "20000",
                       "--run.workers",
                       "16",
                       "--step-time",
                       "100ms",
                       "--parameters",
                       "25000000",
                       "--network",
                       "1Gbit",
                       "--latency",
                       "0us",
                       "--message-time",
                       "0s",
                       "--learning_rate.peak",
                       "0.1",
                       "--schedule.rule",
                       "constant",
                       "--schedule.base_period",
                       "4"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(PlanCommand, FiguresAddUp) {
  const Json plan = json_of(figures);
  const double meeting = 8 * 2 * 15.0 / 16 * 1e8 / 1e9;  // 1.5 s
  EXPECT_NEAR(plan.at("meeting_seconds"), meeting, 1e-9);
  EXPECT_NEAR(plan.at("predicted").at("every_step"), 20000 * (0.1 + meeting) / 3600, 1e-6);
  EXPECT_NEAR(plan.at("predicted").at("constant:8"), (20000 * 0.1 + 2500 * meeting) / 3600, 1e-6);
  EXPECT_EQ(plan.at("bottleneck"), "bandwidth");
  for (const Json& row : plan.at("rows"))
    if (row.at("name") == "constant:8") {
      EXPECT_EQ(row.at("bytes_per_worker"), 2500 * 1e8);
    }
  EXPECT_EQ(plan.at("recommended").at("codec"), "qsgd8");  // even 8 steps do not hide 1.5 s
}

TEST(PlanCommand, ScansWorkersUntilTheyStopPaying) {
  const Json plan = json_of(with(figures, {"--workers", "1,2,4,8,16,1000,10000", "--price", "2"}));
  const Json& scan = plan.at("scans").at(0);
  EXPECT_EQ(scan.at("rule"), "every_step");
  EXPECT_EQ(scan.at("points").size(), 7U);
  EXPECT_NEAR(scan.at("points").at(0).at("hours"), 16 * 20000 * 0.1 / 3600, 1e-9);
  EXPECT_EQ(scan.at("pays_up_to"), 1);  // a second worker adds 0.8 s of meeting to each step of 0.1 s
  EXPECT_NEAR(scan.at("points").at(0).at("cost"), 2 * 16 * 20000 * 0.1 / 3600, 1e-9);
}

TEST(PlanCommand, FailuresAndStragglersAddTime) {
  const double calm = json_of(figures).at("predicted").at("constant:8");
  const double uneven = json_of(with(figures, {"--spread", "0.5"})).at("predicted").at("constant:8");
  const double failing =
      json_of(with(figures, {"--failures", "0.01", "--restart", "5min"})).at("predicted").at("constant:8");
  EXPECT_GT(uneven, 1.05 * calm);
  // 16 workers, a checkpoint every 500 of 20,000 steps: restart and half of what elapses between two (143.75
  // s, of which 50 s are steps) for each failure.
  const double between = 3600 * calm / 40;
  EXPECT_NEAR(between, 143.75, 1e-6);
  EXPECT_NEAR((failing - calm) / (16 * 0.01 * calm * (300 + between / 2) / 3600), 1, 0.01);
}

// Daly's tau is the time between two checkpoints, whatever it is spent on.
TEST(PlanCommand, FailuresLoseWaitingAndMeetingsToo) {
  const auto by_rule = [](Words more) {
    more.insert(more.end(), {"--failures", "0.02", "--restart", "1min", "--checkpoint.every", "250"});
    Json rows = json_of(with(figures, more)).at("rows");
    return rows;
  };
  for (const Words& more : {Words{}, Words{"--spread", "0.4"}, Words{"--network", "10Gbit"}})
    for (const Json& row : by_rule(more)) {
      const Json& seconds = row.at("seconds");
      const double lost = seconds.at("failures"), calm = double(seconds.at("total")) - lost;
      const double rate = 16 * 0.02 / 3600, tau = calm / (20000.0 / 250);
      const double taken = (1 / rate + 60) * std::expm1(rate * tau) * 20000 / 250;
      EXPECT_NEAR(lost, taken - calm, 1e-6 * taken) << row.at("name");
    }
}

TEST(PlanCommand, AsynchronousRunsAreTheirOwnSimulation) {
  const Words lockstep = {config("async/synchronous.toml")};
  const Json plan = json_of(lockstep);
  const Json simulated = Json::parse(
      test::output_of(simulate_command, {config("async/synchronous.toml"), "--no-training", "--json"}));
  EXPECT_EQ(plan.at("asynchronous").at("seconds"), simulated.at("virtual_seconds"));
  EXPECT_NEAR(
      double(plan.at("asynchronous").at("lockstep_seconds")) / double(simulated.at("virtual_seconds")), 1,
      0.01);
}

TEST(PlanCommand, PlansAThousandSettingsOfALongRunQuickly) {
  const Json plan =
      json_of(with(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"), {"--settings", "100"}));
  EXPECT_GT(plan.at("rows").size(), 700U);
  EXPECT_LT(plan.at("planning_seconds"),
            10);  // 2 s in a release build on a quiet machine: docs/benchmarks.md
}

TEST(PlanCommand, RecommendsAConfigurationThatResolves) {
  const std::string folder = testing::TempDir() + "/muster-plan";
  test::output_of(plan_command,
                  with(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"), {"--out", folder}));
  const std::string text = read_file(folder + "/recommended.toml");
  EXPECT_THAT(text, AllOf(HasSubstr("rule = \"qsr\""), HasSubstr("growth = 0.0175"), HasSubstr("# Why:"),
                          HasSubstr("no effect")));
  const Configuration again = resolve(catalogue, folder + "/recommended.toml", {}, Scope::training);
  EXPECT_EQ(again.run.steps, 93600);
  EXPECT_EQ(again.run.workers, 16);
  EXPECT_THAT(read_file(folder + "/report.html"), HasSubstr("<html"));
  EXPECT_EQ(Json::parse(read_file(folder + "/plan.json")).at("steps"), 93600);
  std::filesystem::remove_all(folder);
}

TEST(PlanCommand, RefusesNonsense) {
  const std::string file = config("qsr_vit_b_4096_period4.toml");
  EXPECT_THAT(message_of(totals("qsr_vit_b_4096_period4.toml", "20h", "26h")),
              AllOf(HasSubstr("--total"), HasSubstr("fewer meetings cannot take longer")));
  EXPECT_THAT(message_of({file, "--total", "every_step:26.7h"}), HasSubstr("second run"));
  EXPECT_THAT(message_of({file, "--total", "every_step:26.7h", "--total", "qrs:20h"}),
              HasSubstr("did you mean qsr"));
  EXPECT_THAT(message_of({file, "--total", "every_step:26.7h", "--total", "constant:100000:20h"}),
              HasSubstr("longer than the run"));
  EXPECT_THAT(message_of({file, "--total", "every_step:26.7h", "--total", "qsr:soon"}),
              HasSubstr("a time with a unit"));
  EXPECT_THAT(message_of({file}), HasSubstr("--probe"));
  EXPECT_THAT(message_of(with(figures, {"--network", "0Gbit"})), HasSubstr("--network"));
  EXPECT_THAT(message_of(with(figures, {"--price", "-1"})), HasSubstr("--price"));
  EXPECT_THAT(message_of(with(figures, {"--step-time", "0s"})), HasSubstr("--step-time"));
  EXPECT_THAT(message_of(with(figures, {"--hosts", "5"})), HasSubstr("evenly"));
  EXPECT_THAT(message_of(with(figures, {"--periods", "4,30000"})), HasSubstr("longer than the run"));
  EXPECT_THAT(message_of(with(figures, {"--schedule.base_period", "30000"})),
              HasSubstr("schedule.base_period"));
  EXPECT_THAT(message_of(with(figures, {"--train-samples", "300"})), HasSubstr("use fewer workers"));
  EXPECT_THAT(message_of(with(figures, {"--train-samples", "60000", "--workers", "10,100,5000"})),
              HasSubstr("only enough samples for 1875 workers"));
  EXPECT_THAT(message_of(with(figures, {"--failures", "500", "--restart", "10h"})),
              HasSubstr("refused to plan"));
  EXPECT_THAT(message_of({"--step-time", "1s", "--run.steps", "100", "--run.workers", "2", "--network",
                          "1Gbit", "--task.model", "mlp"}),
              HasSubstr("--parameters"));
}

TEST(PlanProbe, SetsOnlyWhatAProbeNeeds) {
  const PlanRequest request = read_plan_request(
      catalogue, {"--probe", "--run.steps", "5000", "--task.batch", "8", "--outer.optimizer", "nesterov",
                  "--comm.overlap", "delayed", "--learning_rate.warmup_steps", "1000"});
  const Words every = probe_words(request, {}, "runs/x"), period = probe_words(request, {12}, "runs/x");
  EXPECT_THAT(every, testing::Contains("--task.batch=8"));
  EXPECT_THAT(every, testing::Not(testing::Contains("--outer.optimizer=nesterov")));
  EXPECT_THAT(period, testing::Contains("--outer.optimizer=nesterov"));
  EXPECT_THAT(period, testing::Not(testing::Contains("--comm.overlap=delayed")));
  EXPECT_THAT(period, testing::Contains("--schedule.base_period=12"));
}

// A run with steps of 0.1 s, meetings of 0.5 s and uneven rounds, as its metrics say.
TEST(PlanMeasurement, ReadsAFinishedRun) {
  const std::string folder = testing::TempDir() + "/muster-plan-run";
  std::filesystem::create_directories(folder);
  {
    MetricsFile file = MetricsFile::create(folder + "/metrics.jsonl");
    for (int64_t i = 0; i < 30; ++i) {
      MetricsLine line;
      line.period = i % 2 == 0 ? 4 : 8;
      line.step = i / 2 * 12 + (i % 2 == 0 ? 4 : 12);
      line.round = i + 1;
      line.average = "parameters";
      line.bytes_per_worker = 400;
      line.seconds.compute = 0.1 * static_cast<double>(line.period);
      line.seconds.averaging = 0.5;
      file.write(line);
    }
  }
  const PlanMeasurement measured = measure_run(folder);
  EXPECT_EQ(measured.bytes_per_meeting, 400);
  const Json plan = json_of({"--run", folder, "--run.steps", "120"});
  EXPECT_NEAR(plan.at("compute_seconds_per_step"), 0.1, 1e-9);
  EXPECT_NEAR(plan.at("meeting_seconds"), 0, 1e-9);  // one worker meets nobody
  EXPECT_THAT(message_of({"--run", folder + "/nowhere", "--run.steps", "10"}), HasSubstr("metrics.jsonl"));
  std::filesystem::remove_all(folder);
}

std::string text_of(const Words& words) { return test::output_of(plan_command, words); }

// Whoever asks is answered in the first line, and the parts of a row add up to its whole.
TEST(PlanCommand, TheAnswerComesFirst) {
  const std::string text = text_of(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"));
  EXPECT_THAT(text, testing::StartsWith(
                        "Recommended: qsr: 20:12:00 instead of 26:42:00 with a meeting at every step\n"));
  EXPECT_LT(text.find("Recommended"), text.find("constant:8"));
  const std::string folder = testing::TempDir() + "/muster-plan-page";
  text_of(with(figures, {"--out", folder}));
  const std::string page = read_file(folder + "/report.html");
  EXPECT_LT(page.find("Time against the period"), page.find("Rules and periods"));
  EXPECT_THAT(page, HasSubstr("other h"));
  EXPECT_THAT(page, testing::Not(testing::ContainsRegex("[0-9]e-[0-9]+</td>")));
  std::filesystem::remove_all(folder);
}

TEST(PlanCommand, CountsOneOfAThingInTheSingular) {
  const std::string text = text_of({"--run.steps", "2000", "--run.workers", "4", "--step-time", "10ms",
                                    "--hosts", "1", "--parameters", "1000", "--network", "1Gbit"});
  EXPECT_THAT(text, HasSubstr("2,000 steps of 4 workers on 1 host;"));
}

TEST(PlanCommand, NoWaitingIsNoneAndNotTheRoundingOfASum) {
  for (const Json& row : json_of(figures).at("rows"))
    EXPECT_EQ(row.at("seconds").at("waiting"), 0) << row.at("name");
}

// Total times alone say nothing of other numbers of workers.
TEST(PlanCommand, NamesNoFastestNumberOfWorkersThatItDoesNotKnow) {
  const Json plan = json_of(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"));
  EXPECT_TRUE(plan.at("scans").empty());
  const std::string text = text_of(totals("qsr_vit_b_4096_period4.toml", "26.7h", "20.2h"));
  EXPECT_THAT(text, AllOf(testing::Not(HasSubstr("fastest")), HasSubstr("do not follow from total times")));
  PlanScan scan{.rule = "qsr", .points = {}, .pays_up_to = 2, .fastest = 8};
  for (const int64_t workers : {2, 4, 8}) scan.points.push_back({.workers = workers, .time = {}, .cost = {}});
  EXPECT_THAT(scan_sentence(scan), HasSubstr("faster up to 8, the largest number that was planned"));
  scan.fastest = 4;
  EXPECT_THAT(scan_sentence(scan), HasSubstr("the fastest number is 4"));
}

TEST(PlanCommand, ATimeHasAUnit) {
  for (const Words& words :
       {Words{"--total", "every_step:26.7", "--total", "qsr:20.2h"}, Words{"--step-time", "0.75"}})
    EXPECT_THAT(message_of(with({config("qsr_vit_b_4096_period4.toml")}, words)),
                HasSubstr("a time with a unit"));
}

}  // namespace
}  // namespace muster
