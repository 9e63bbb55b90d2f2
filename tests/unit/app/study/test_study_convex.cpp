#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/random.h"
#include "tests/support/command_output.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::string output_of(const Words& words) { return test::output_of(study_command, words); }

std::string message_of(const Words& words) {
  try {
    output_of(words);
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

class StudyConvex : public ::testing::Test {
 protected:
  StudyConvex() {
    std::string text;
    RandomStream random({.seed = 5});
    for (int i = 0; i < 300; ++i) {
      std::string entries;
      double score = random.normal();
      for (int j = 1; j <= 8; ++j) {
        if (random.uniform() > 0.4) continue;
        entries += " " + std::to_string(j) + ":1";
        score += j % 2 == 0 ? 1 : -1;
      }
      text += (score > 0 ? "+1" : "-1") + entries + "\n";
    }
    write_file_atomically(data_, text + "\n");
  }

  nlohmann::json json_of(Words more) const {
    Words words = {"convex", "--data", data_, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return nlohmann::json::parse(output_of(words));
  }
  std::string message(Words more) const {
    Words words = {"convex", "--data", data_};
    words.insert(words.end(), more.begin(), more.end());
    return message_of(words);
  }

  test::TemporaryFolder folder_;
  std::string data_ = folder_ / "samples";
};

TEST_F(StudyConvex, JsonHasTheNamesThatStand) {
  const auto json = json_of({"--workers", "4", "--period", "7", "--batch", "2", "--steps", "100"});
  EXPECT_EQ(json.at("samples"), 300);
  EXPECT_EQ(json.at("features"), 8);
  EXPECT_EQ(json.at("rounds"), 15);
  EXPECT_DOUBLE_EQ(json.at("strong_convexity").get<double>(), 1.0 / 300);
  EXPECT_GT(json.at("smoothness").get<double>(), 0.1);
  EXPECT_NEAR(json.at("start_gap").get<double>() + json.at("optimum").get<double>(), std::log(2), 1e-15);
  EXPECT_GT(json.at("gap_last").get<double>(), 0);
  EXPECT_GT(json.at("gap_weighted").get<double>(), 0);
  EXPECT_GT(json.at("samples_per_second").get<double>(), 0);
  EXPECT_EQ(json.at("curve").back().at("step"), 100);
  EXPECT_GT(json.at("bound").at("total").get<double>(), json.at("gap_weighted").get<double>());
  EXPECT_EQ(json.at("allowed_periods").at("stich"), 3);  // sqrt(100 / 8)
}

TEST_F(StudyConvex, TheSameWordsGiveTheSameNumbers) {
  const Words words = {"--workers", "4", "--period", "5", "--steps", "50", "--seed", "9"};
  EXPECT_EQ(json_of(words).at("gap_last"), json_of(words).at("gap_last"));
  EXPECT_NE(json_of(words).at("gap_last"),
            json_of({"--workers", "4", "--period", "5", "--steps", "50"}).at("gap_last"));
}

TEST_F(StudyConvex, AScheduleOfKeysMeets) {
  const auto by_rule = json_of(
      {"--workers", "4", "--steps", "100", "--schedule.rule", "constant", "--schedule.base_period", "5"});
  const auto by_period = json_of({"--workers", "4", "--steps", "100", "--period", "5"});
  EXPECT_EQ(by_rule.at("gap_last"), by_period.at("gap_last"));
  EXPECT_EQ(by_rule.at("rounds"), 20);
  // The theory's period comes from the study's own workers, batch and condition number.
  const auto theory = json_of({"--workers", "4", "--batch", "1", "--steps", "100", "--rule", "theory"});
  EXPECT_EQ(theory.at("longest_period"), 5);  // sqrt(100 / 4)
  EXPECT_EQ(theory.at("meetings"), "stich");
  const auto khaled =
      json_of({"--steps", "1000", "--workers", "2", "--rule", "theory", "--theory", "khaled"});
  EXPECT_EQ(khaled.at("longest_period"), khaled.at("allowed_periods").at("khaled"));
  EXPECT_GT(khaled.at("longest_period").get<int>(), 1);
}

TEST_F(StudyConvex, WithoutDelayTheAsynchronousFormIsTheSynchronous) {
  const Words words = {"--workers", "4", "--steps", "103", "--period", "5"};
  Words delayed = words;
  delayed.insert(delayed.end(), {"--delay", "0"});
  EXPECT_NEAR(json_of(words).at("gap_last").get<double>(), json_of(delayed).at("gap_last").get<double>(),
              1e-12);
  delayed.back() = "10";
  EXPECT_NE(json_of(words).at("gap_last"), json_of(delayed).at("gap_last"));
}

TEST_F(StudyConvex, ListsMakeSeveralRuns) {
  const auto json = json_of({"--workers", "1,2", "--period", "1,4", "--steps", "20"});
  EXPECT_EQ(json.at("runs").size(), 4U);
  EXPECT_EQ(json.at("runs").at(3).at("workers"), 2);
  EXPECT_EQ(json.at("runs").at(3).at("longest_period"), 4);
  EXPECT_FALSE(json.contains("gap_last"));
}

TEST_F(StudyConvex, ATargetMakesATableAndCountsCommunication) {
  const auto json = json_of({"--workers", "4", "--period", "1,4", "--target", "0.05", "--seeds", "2",
                             "--communication-cost", "3", "--steps", "4000"});
  const auto& cells = json.at("cells");
  ASSERT_EQ(cells.size(), 3U);  // one worker too
  EXPECT_EQ(cells.at(0).at("workers"), 1);
  EXPECT_EQ(cells.at(0).at("speed_up"), 1);
  EXPECT_EQ(cells.at(0).at("communication"), 0);
  const double steps = cells.at(2).at("weighted").at("steps");
  EXPECT_EQ(cells.at(2).at("computation"), steps);
  EXPECT_EQ(cells.at(2).at("communication"), 3 * std::ceil(steps / 4));
  EXPECT_EQ(cells.at(2).at("weighted").at("by_seed").size(), 2U);
  EXPECT_GT(cells.at(1).at("speed_up").get<double>(),
            cells.at(1).at("speed_up_with_communication").get<double>());
}

TEST_F(StudyConvex, WritesJsonAndPage) {
  const std::string out = folder_ / "study";
  const std::string text =
      output_of({"convex", "--data", data_, "--workers", "2", "--steps", "40", "--out", out});
  EXPECT_THAT(text, HasSubstr("strong convexity"));
  const auto json = nlohmann::json::parse(read_file(out + "/study.json"));
  EXPECT_EQ(json.at("steps"), 40);
  EXPECT_THAT(read_file(out + "/report.html"), HasSubstr("muster study convex"));
  EXPECT_THAT(output_of({"convex", "--data", data_, "--workers", "2", "--target", "0.05", "--out", out}),
              HasSubstr("Speed-up in steps"));
  EXPECT_THAT(read_file(out + "/report.html"), HasSubstr("Speed-up in steps"));
}

TEST(StudyConvexClosed, TablesOfExactMoments) {
  const auto quadratic = nlohmann::json::parse(
      output_of({"convex", "--problem", "quadratic", "--workers", "4", "--period", "16", "--start", "100",
                 "--step-size", "theorem", "--steps", "1000", "--json"}));
  EXPECT_NEAR(quadratic.at("runs").at(0).at("spread").get<double>(), 8.086789e-05, 1e-11);
  const auto piecewise = nlohmann::json::parse(
      output_of({"convex", "--problem", "piecewise", "--workers", "2", "--period", "2", "--step-size",
                 "constant", "--learning-rate", "0.25", "--steps", "2", "--json"}));
  EXPECT_EQ(piecewise.at("runs").at(0).at("gap"), 503.0 / 16384);
}

// f has one branch on either side of 0: a path may begin on any.
TEST(StudyConvexClosed, APathMayBeginBelowZero) {
  const auto mean_from = [](const std::string& start, const Words& more) {
    Words words = {"convex",  "--problem", "piecewise", "--step-size", "constant", "--learning-rate", "0.25",
                   "--steps", "2",         "--noise",   "0",           "--json",   "--start",         start};
    words.insert(words.end(), more.begin(), more.end());
    return nlohmann::json::parse(output_of(words)).at("runs").at(0).at("mean").get<double>();
  };
  for (const Words& more : {Words{}, Words{"--replicas", "2"}}) {
    EXPECT_DOUBLE_EQ(mean_from("-2", more), -2 * 0.75 * 0.75);
    EXPECT_DOUBLE_EQ(mean_from("-1e-3", more), -1e-3 * 0.75 * 0.75);
    EXPECT_DOUBLE_EQ(mean_from("2", more), 2 * 0.5 * 0.5);
  }
  EXPECT_DOUBLE_EQ(mean_from("0", {}), 0);
  EXPECT_THAT(message_of({"convex", "--problem", "quadratic", "--start", "-1"}), HasSubstr("at least 0"));
  EXPECT_THAT(message_of({"convex", "--problem", "piecewise", "--start", "inf"}), HasSubstr("--start"));
}

TEST_F(StudyConvex, TheBoundsGradientsAreThoseOfTheRun) {
  for (const Words& more : {Words{"--batch", "1"}, Words{"--batch", "3", "--delay", "4"}}) {
    Words words = {"--workers", "3", "--period", "5", "--steps", "200", "--step-size", "theorem"};
    words.insert(words.end(), more.begin(), more.end());
    const auto json = json_of(words);
    const double noise = json.at("gradient_bounds").at("noise");
    const double gradient = json.at("gradient_bounds").at("gradient");
    EXPECT_GT(gradient, noise);
    EXPECT_GT(json.at("gradient_bounds").at("iterates").get<int>(), 20);
    // A bound on what the whole run visits is no less than the noise at the optimum.
    EXPECT_GT(noise, 0.9 * double(json.at("noise_at_optimum")) / (more[1] == "1" ? 1 : 3));
    for (const auto& point : json.at("curve"))
      if (point.at("step") > 0) {
        EXPECT_GE(point.at("bound").get<double>(), point.at("gap_weighted").get<double>());
      }
  }
  EXPECT_THAT(output_of({"convex", "--data", data_, "--steps", "40"}), HasSubstr("G^2"));
}

TEST_F(StudyConvex, RefusesWhatContradicts) {
  EXPECT_THAT(message_of({"convex", "--data", ""}), HasSubstr("--data"));
  EXPECT_THAT(output_of({"convex", "--steps", "10"}), HasSubstr("20,000")) << "generated ones";
  EXPECT_THAT(message_of({"convx"}), HasSubstr("did you mean convex?"));
  EXPECT_THAT(message({"--workers", "0"}), HasSubstr("--workers = 0: must be from 1"));
  EXPECT_THAT(message({"--workers", "two"}), HasSubstr("--workers"));
  EXPECT_THAT(message({"--step-size", "inverze"}), HasSubstr("did you mean inverse?"));
  EXPECT_THAT(message({"--period", "4", "--rule", "qsr"}), HasSubstr("--period"));
  EXPECT_THAT(message({"--task.batch", "4"}), HasSubstr("--task.batch"));
  EXPECT_THAT(message({"--staggered"}), HasSubstr("--delay"));
  EXPECT_THAT(message({"--delay", "2", "--rule", "qsr"}), HasSubstr("--delay"));
  EXPECT_THAT(message({"--communication-cost", "2"}), HasSubstr("--target"));
  EXPECT_THAT(message({"--target", "1", "--seconds-per-step", "2"}), HasSubstr("--seconds-per-meeting"));
  EXPECT_THAT(message({"--step-size", "theorem", "--learning-rate", "1"}), HasSubstr("--learning-rate"));
  EXPECT_THAT(message({"--step-size", "theorem", "--average", "uniform"}), HasSubstr("--average"));
  EXPECT_THAT(message_of({"convex", "--problem", "piecewise", "--average", "linear"}),
              HasSubstr("--average"));
  EXPECT_THAT(message({"--step-size", "constant", "--learning-rate", "300"}), HasSubstr("1 / lambda"));
  EXPECT_THAT(message({"--regularisation", "0"}), HasSubstr("--regularisation"));
  EXPECT_THAT(message({"--workers", "100000", "--batch", "1000000", "--steps", "1000000000"}),
              HasSubstr("1e18 draws"));
  EXPECT_THAT(message({"--target", "-1"}), HasSubstr("--target"));
  EXPECT_THAT(message({"--tuning-seeds", "2"}), HasSubstr("--tuning-seeds"));
  EXPECT_THAT(message_of({"convex", "--data", folder_ / "none"}), HasSubstr("none"));
  EXPECT_THAT(message_of({"convex", "--problem", "quadratic", "--delay", "1"}), HasSubstr("--problem"));
  write_file_atomically(folder_ / "bad", "1 1:1\n-1 2:x\n");
  EXPECT_THAT(message_of({"convex", "--data", folder_ / "bad"}), HasSubstr("line 2, column 6"));
}

TEST_F(StudyConvex, HelpTellsEveryFlag) {
  EXPECT_THAT(output_of({"--help"}), HasSubstr("convex"));
  const std::string help = output_of({"convex", "--help"});
  for (const char* flag : {"--data", "--communication-cost", "--delay", "--target", "--schedule.rule"})
    EXPECT_THAT(help, HasSubstr(flag));
}

}  // namespace
}  // namespace muster
