#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/report/chart_data.h"
#include "tests/unit/report/run_history_fixture.h"

namespace muster {
namespace {

using test::some_run;

TEST(ChartData, EvaluationsKnowTheBytesUpToThem) {
  auto lines = some_run("a", 1, 0.8).lines;
  lines[1].test_accuracy.reset();
  lines[1].test_loss.reset();
  lines[3].test_accuracy.reset();
  const auto points = evaluations(lines);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].step, 15);
  EXPECT_EQ(points[1].bytes, 3000);
  EXPECT_EQ(points[1].seconds, 3);
  EXPECT_TRUE(std::isnan(points[2].accuracy));
}

TEST(ChartData, MeansAreTakenAtCommonSteps) {
  const auto mean = mean_curve({{{10, 1, 100, 0.2, 2}, {20, 2, 200, 0.4, 1}},
                                {{10, 3, 300, 0.4, 4}, {15, 4, 350, 0.9, 9}, {20, 6, 400, 0.8, 3}},
                                {}});
  ASSERT_EQ(mean.size(), 2u);
  EXPECT_EQ(mean[0].step, 10);
  EXPECT_EQ(mean[1].seconds, 4);
  EXPECT_EQ(mean[1].bytes, 300);
  EXPECT_NEAR(mean[1].accuracy, 0.6, 1e-12);
  EXPECT_EQ(mean[0].loss, 3);
}

TEST(ChartData, TrainingLossWeighsRoundsByTheirSteps) {
  RunHistory run;
  for (const auto& [step, period, loss] : {std::tuple{8, 8, 1.0}, {10, 2, 6.0}, {20, 10, 3.0}}) {
    MetricsLine line;
    line.step = step;
    line.period = period;
    line.loss = loss;
    run.lines.push_back(line);
  }
  const auto points = training_loss({&run}, 2);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_DOUBLE_EQ(points[0].y, (8 * 1.0 + 2 * 6.0) / 10);
  EXPECT_DOUBLE_EQ(points[0].x, (8 * 4.0 + 2 * 9.0) / 10);
  EXPECT_DOUBLE_EQ(points[1].y, 3);
}

TEST(ChartData, PeriodsAreStairsWithoutRepetition) {
  std::vector<MetricsLine> lines;
  int64_t step = 0;
  for (const int64_t period : {4, 4, 4, 4, 9, 9, 2}) {
    MetricsLine line;
    line.period = period;
    line.step = step += period;
    lines.push_back(line);
  }
  std::vector<std::pair<double, double>> stairs;
  for (const CurvePoint& point : periods(lines)) stairs.emplace_back(point.x, point.y);
  const std::vector<std::pair<double, double>> expected = {{0, 4},  {12, 4}, {16, 9},
                                                           {25, 9}, {34, 2}, {36, 2}};
  EXPECT_EQ(stairs, expected);
}

TEST(ChartData, IsJsonWithNullsForWhatIsUnknown) {
  Arm arm{"</script>\xff", {some_run("a", 1, 0.5), some_run("a", 2, 0.7)}};
  arm.runs[0].lines[0].test_loss = std::nan("");
  arm.runs[1].totals.loss_floor = 0.125;
  const auto results = arm_results({arm}, Network{});
  const auto json = nlohmann::json::parse(chart_data({arm}, results, Quality::accuracy));
  EXPECT_EQ(json["quality"], "accuracy");
  EXPECT_EQ(json["floor"], 0.125);
  const auto& made = json["arms"][0];
  EXPECT_EQ(made["runs"].size(), 2u);
  EXPECT_EQ(made["runs"][0]["evaluations"]["loss"][0], nullptr);
  EXPECT_NEAR(made["mean"]["accuracy"][3].get<double>(), 0.6, 1e-6);
  EXPECT_EQ(made["seconds"]["rest"], 4 - 2 - 0.5 - 0.25 - 0.125 - 1 - 0.0625);
  EXPECT_GT(made["predicted"]["communication"], 0);
}

TEST(ChartData, LongAndManyRunsStaySmall) {
  std::vector<Arm> arms;
  for (int a = 0; a < 20; ++a) {
    arms.push_back({"arm" + std::to_string(a), {}});
    for (int64_t seed = 1; seed <= 5; ++seed) {
      arms.back().runs.push_back(some_run("a", seed, 0.5, 2000));
      for (size_t i = 0; i < 2000; ++i)
        arms.back().runs.back().lines[i].period = static_cast<int64_t>(1 + i * 7 % 13);
    }
  }
  const std::string data = chart_data(arms, arm_results(arms, std::nullopt), Quality::accuracy);
  EXPECT_LT(data.size(), 1'100'000u);
  EXPECT_GT(data.size(), 200'000u);
}

}  // namespace
}  // namespace muster
