#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "muster/app/study/study.h"
#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_slow_sde_row.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/command_output.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

std::string output_of(const std::vector<std::string>& words) {
  return test::output_of(study_slow_sde, words);
}

Json json_of(std::vector<std::string> words) {
  words.emplace_back("--json");
  return Json::parse(output_of(words));
}

std::string error_of(const std::vector<std::string>& words) {
  try {
    read_slow_sde_request(catalogue, words);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "no error";
}

TEST(StudySlowSde, TellsTheHyperbolaBesideItsLaws) {
  const Json json =
      json_of({"--problem", "hyperbola", "--period", "1", "--steps", "3000", "--replicas", "256"});
  EXPECT_EQ(json.at("problem"), "hyperbola");
  EXPECT_EQ(json.at("period"), 1);
  const double simulated = json.at("simulated"), error = json.at("standard_error"), law = json.at("theory");
  EXPECT_NEAR(simulated, law, 4 * error);
  EXPECT_NEAR(json.at("theory_continuous").get<double>(), 4 * std::exp(-0.16 * 3000 * 0.0004 / 8), 1e-6);
  EXPECT_NEAR(json.at("trace_hessian").get<double>(), std::sqrt(simulated * simulated + 4), 1e-12);
  EXPECT_EQ(json.at("communication"), 1.0);
}

TEST(StudySlowSde, OptionsReachTheRun) {
  const Json json =
      json_of({"--problem", "hyperbola", "--period", "25", "--steps", "1000", "--workers", "4", "--noise",
               "0.3", "--start", "5", "--learning-rate", "0.03", "--replicas", "64", "--seed", "9"});
  EXPECT_EQ(json.at("workers"), 4);
  EXPECT_EQ(json.at("learning_rate"), 0.03);
  EXPECT_EQ(json.at("noise"), 0.3);
  EXPECT_EQ(json.at("start"), 5);
  EXPECT_EQ(json.at("replicas"), 64);
  EXPECT_EQ(json.at("seed"), 9);
  EXPECT_EQ(json.at("rounds"), 40);
  EXPECT_NEAR(json.at("slow_time").get<double>(), 0.9, 1e-12);
  EXPECT_NEAR(json.at("theory_sgd").get<double>(), 5 * std::exp(-0.09 * 0.9 / 4), 1e-9);
}

TEST(StudySlowSde, SchedulesAndLearningRatesAreThoseOfTraining) {
  const Json json =
      json_of({"--problem", "hyperbola", "--rule", "qsr", "--growth", "0.08", "--learning_rate.peak", "0.04",
               "--base_period", "4", "--start", "6", "--steps", "40000", "--replicas", "64"});
  EXPECT_EQ(json.at("rule"), "qsr");
  EXPECT_EQ(json.at("rounds"), 4011);
  EXPECT_NEAR(json.at("theory").get<double>(), 0.9590, 5e-5);
  EXPECT_NEAR(json.at("simulated").get<double>(), 0.9590, 5 * json.at("standard_error").get<double>());
}

TEST(StudySlowSde, AScanHasARowForEachValue) {
  const Json json = json_of({"--problem", "hyperbola", "--workers", "1,2,8", "--period", "100", "--steps",
                             "2000", "--replicas", "64"});
  EXPECT_EQ(json.at("scan"), "workers");
  ASSERT_EQ(json.at("rows").size(), 3U);
  EXPECT_EQ(json["rows"][2].at("workers"), 8);
  // One worker is SGD at every period.
  EXPECT_NEAR(json["rows"][0].at("theory_continuous").get<double>(),
              json["rows"][0].at("theory_sgd").get<double>(), 1e-9);
}

TEST(StudySlowSde, AScanOfLearningRatesKeepsSlowTimeAndRounds) {
  const auto request = read_slow_sde_request(catalogue, {"--problem", "hyperbola", "--scan", "learning-rate",
                                                         "--learning-rate", "0.04", "--steps", "1000"});
  ASSERT_EQ(request.cases.size(), 4U);
  for (const SlowSdeCase& one : request.cases) {
    EXPECT_NEAR(one.plan.slow_times().back(), 1.6, 0.01);
    EXPECT_NEAR(static_cast<double>(one.plan.period()) * one.plan.rate() * one.plan.rate(), 0.016, 1e-9);
  }
}

TEST(StudySlowSde, TheScanOfSchedulesHasTheKnownRounds) {
  const auto request = read_slow_sde_request(catalogue, {"--problem", "hyperbola", "--scan", "schedules"});
  std::vector<size_t> rounds;
  for (const SlowSdeCase& one : request.cases) rounds.push_back(one.plan.rounds.size());
  EXPECT_THAT(rounds, testing::ElementsAre(40'000, 10'000, 5'000, 2'065, 4'011, 612, 825, 5'001));
}

TEST(StudySlowSde, TheScanOfTheValleyCoversTheUInBothForms) {
  const auto periods = valley_periods(0.03);
  for (const int64_t period : {5, 10, 33, 100, 178, 300, 556, 1000, 3000, 10'000})
    EXPECT_THAT(periods, testing::Contains(period));
  const Json json = json_of({"--problem", "valley", "--scan", "period", "--period", "100,300", "--replicas",
                             "64", "--steps", "3000"});
  ASSERT_EQ(json.at("rows").size(), 4U);
  EXPECT_EQ(json["rows"][0].at("noise_law"), "curvature");
  EXPECT_EQ(json["rows"][3].at("noise_law"), "constant");
  EXPECT_NEAR(json["rows"][3].at("theory").get<double>(), 0.201, 5e-4);
  ASSERT_EQ(json.at("shapes").size(), 2U);
}

TEST(StudySlowSde, TheSlopeOfTheExcessIsWeightedLeastSquares) {
  std::vector<SlowSdeCase> cases;
  for (const int64_t period : {100, 300, 1000, 3000})
    cases.push_back({"", "constant", ValleyOptions{}, constant_plan(8, 0.03, period, 3000)});
  std::vector<SlowSdeRow> rows(cases.size());
  std::vector<const SlowSdeRow*> all;
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].run = &cases[i];
    const double x = rows[i].round_time();
    rows[i].numbers = {{.simulated = {0.2 + 0.12 * x, 0.002}, .theory = 0.2}};
    all.push_back(&rows[i]);
  }
  const auto slope = excess_slope(all);
  ASSERT_TRUE(slope);
  EXPECT_EQ(slope->rows, 2U);
  EXPECT_NEAR(slope->slope, 0.12, 1e-12);
  EXPECT_NEAR(slope->between, 0.12, 1e-12);
  EXPECT_NEAR(slope->standard_error, 0.002 / std::hypot(0.27, 0.9), 1e-9);
  all.resize(2);
  EXPECT_FALSE(excess_slope(all));
}

TEST(StudySlowSde, TheDiagonalNetworkStatesItsData) {
  const Json json = json_of({"--problem", "diagonal-net", "--samples", "2", "--features", "4", "--start",
                             "0.2,0.3,0.4,0.5", "--steps", "2000", "--replicas", "64", "--period", "1"});
  EXPECT_EQ(json.at("X").size(), 2U);
  EXPECT_EQ(json.at("X")[0].size(), 4U);
  EXPECT_THAT(json.at("Q0").get<std::vector<double>>(), testing::ElementsAre(0.2, 0.3, 0.4, 0.5));
  const double t = 2000 * 0.005 * 0.005;
  for (size_t j = 0; j < 4; ++j) {
    double c = 0;
    for (size_t i = 0; i < 2; ++i) c += std::pow(json["X"][i][j].get<double>(), 2) / 2;
    EXPECT_NEAR(json.at("theory_continuous")[j].get<double>(), -4 * 0.16 * c * t / 8, 1e-6);
    EXPECT_NEAR(json.at("simulated")[j].get<double>(), json.at("theory")[j].get<double>(),
                5 * json.at("standard_error")[j].get<double>());
  }
}

TEST(StudySlowSde, WritesAPageAndTheSameJson) {
  const std::string folder = (std::filesystem::temp_directory_path() / "muster_study_slow_sde_test").string();
  std::filesystem::remove_all(folder);
  const Json json = json_of(
      {"--problem", "hyperbola", "--period", "2,20", "--steps", "400", "--replicas", "64", "--out", folder});
  const std::string page = read_file(folder + "/report.html");
  EXPECT_THAT(page, HasSubstr("H = 20"));
  EXPECT_THAT(page, HasSubstr("data-chart=\"study/0\""));
  EXPECT_EQ(Json::parse(read_file(folder + "/study.json")).at("rows").size(), json.at("rows").size());
  std::filesystem::remove_all(folder);
  EXPECT_THAT(output_of({"--problem", "hyperbola", "--steps", "100", "--replicas", "64"}),
              HasSubstr("theory"));
  EXPECT_THAT(output_of({"--help"}), HasSubstr("--tangent-noise"));
}

TEST(StudySlowSde, NamesWhatIsWrongAndWhatWouldBeRight) {
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"--problem", "hyperbola"});
    return error_of(words);
  };
  EXPECT_THAT(error({"--learning-rate", "0.5"}), HasSubstr("--learning-rate = 0.5: is unstable"));
  EXPECT_THAT(error({"--learning-rate", "-1"}), HasSubstr("must be above 0"));
  EXPECT_THAT(error({"--noise", "-1"}), HasSubstr("--noise = -1: must be at least 0"));
  EXPECT_THAT(error({"--replicas", "0"}), HasSubstr("--replicas = 0: must be from 1"));
  EXPECT_THAT(error({"--steps", "many"}), HasSubstr("--steps = many"));
  EXPECT_THAT(error({"--period", "1,2", "--workers", "2,3"}), HasSubstr("one of them may be a list"));
  EXPECT_THAT(error({"--period", "1,2", "--scan", "workers"}), HasSubstr("give one value"));
  EXPECT_THAT(error({"--period", "5", "--rule", "qsr"}), HasSubstr("contradicts the schedule.* keys"));
  EXPECT_THAT(error({"--rule", "loss"}), HasSubstr("schedule.rule = loss"));
  EXPECT_THAT(error({"--task.batch", "3"}), HasSubstr("--task.batch = 3"));
  EXPECT_THAT(error({"--run.steps", "3"}), HasSubstr("use --steps"));
  EXPECT_THAT(error({"--samples", "3"}), HasSubstr("belongs to --problem diagonal-net"));
  EXPECT_THAT(error_of({"--problem", "valley", "--learning_rate.shape", "cosine"}),
              HasSubstr("--tangent-noise 0"));
  EXPECT_THAT(error_of({"--problem", "hill"}), HasSubstr("must be one of hyperbola"));
  EXPECT_THAT(error_of({}), HasSubstr("--problem = (not given)"));
  EXPECT_THAT(error_of({"--problem", "diagonal-net", "--samples", "5", "--features", "3"}),
              HasSubstr("--samples = 5"));
  EXPECT_THAT(error_of({"--problem", "diagonal-net", "--samples", "2", "--data", "x.csv"}),
              HasSubstr("--samples = 2: is given by --data's file"));
  EXPECT_THROW(read_slow_sde_request(catalogue, {"--problem", "diagonal-net", "--data", "/nowhere/x.csv"}),
               FileError);
}

}  // namespace
}  // namespace muster
