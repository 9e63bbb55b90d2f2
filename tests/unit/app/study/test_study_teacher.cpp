#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "muster/app/study/study.h"
#include "muster/app/study/study_teacher_request.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/command_output.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::vector<std::string> two_arms = {"--arm",    "often: schedule.rule=constant base_period=2",
                                           "--arm",    "rarely: schedule.rule=constant base_period=40",
                                           "--steps",  "400",
                                           "--seeds",  "6",
                                           "--target", "0.5,1e-9"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string error_of(const std::vector<std::string>& words) {
  try {
    read_teacher_request(catalogue, words);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(StudyTeacher, PairsTheSeedsOfItsArms) {
  const Json json = Json::parse(test::output_of(study_teacher, with(two_arms, {"--json"})));
  const Json &often = json.at("arms").at(0), &rarely = json.at("arms").at(1);
  EXPECT_EQ(often.at("rounds").at("mean"), 200);
  EXPECT_EQ(rarely.at("rounds").at("mean"), 10);
  EXPECT_EQ(often.at("bytes_per_worker").at("mean"), 200 * 193 * 4);
  const auto a = often.at("excess_loss").at("by_seed").get<std::vector<double>>(),
             b = rarely.at("excess_loss").at("by_seed").get<std::vector<double>>();
  ASSERT_EQ(a.size(), 6U);
  double mean = 0;
  for (size_t i = 0; i < a.size(); ++i) mean += (b[i] - a[i]) / 6;
  EXPECT_NEAR(rarely.at("differences").at("often").at("mean").get<double>(), mean, 1e-12);
  EXPECT_GT(mean, 0);
  EXPECT_GT(rarely.at("spread").at("mean").get<double>(), often.at("spread").at("mean").get<double>());
  EXPECT_GT(often.at("steps_to_target").at(0).at("steps").get<double>(), 0);
  EXPECT_TRUE(often.at("steps_to_target").at(1).at("steps").is_null());
  EXPECT_EQ(often.at("curve").size(), 41U);
}

TEST(StudyTeacher, WritesPageAndJson) {
  const test::TemporaryFolder folder;
  const std::string out = folder / "study";
  const std::string text =
      test::output_of(study_teacher, with(two_arms, {"--out", out, "--baseline", "rarely"}));
  EXPECT_THAT(text, HasSubstr("The lowest loss has often"));
  EXPECT_THAT(read_file(out + "/report.html"), HasSubstr("Loss against meetings"));
  EXPECT_EQ(Json::parse(read_file(out + "/study.json")).at("baseline"), "rarely");
}

// Two arms that are the same up to their draws of meetings: whatever the means say, the seeds settle nothing.
TEST(StudyTeacher, ADifferenceWithinTheSpreadIsNoFinding) {
  const std::string text = test::output_of(
      study_teacher, {"--arm", "a: schedule.rule=constant base_period=2", "--arm",
                      "b: schedule.rule=constant base_period=3", "--steps", "60", "--seeds", "4"});
  EXPECT_THAT(text, HasSubstr("No clear winner: the lowest mean loss has"));
  EXPECT_THAT(text, testing::Not(HasSubstr("± +"))) << "an error has no sign";
  EXPECT_THAT(text, testing::Not(HasSubstr("± -")));
}

TEST(StudyTeacher, NamesWhatIsWrong) {
  EXPECT_THAT(error_of({"--arm", "a: schedule.rule=loss"}), HasSubstr("training loss"));
  EXPECT_THAT(error_of({"--arm", "a: schedule.rule=constant codec=qsgd8"}), HasSubstr("every_step"));
  EXPECT_THAT(error_of({"--arm", "a: schedule.rule=every_step codec=top_k"}), HasSubstr("qsgd8"));
  EXPECT_THAT(error_of({"--arm", "a: task.batch=4"}), HasSubstr("means nothing to this study"));
  EXPECT_THAT(error_of({"--arm", "a: rule=qsr", "--arm", "a: rule=qsr"}), HasSubstr("two arms"));
  EXPECT_THAT(error_of({"--arm", "cp8: rule=constant", "--baseline", "cp9"}), HasSubstr("did you mean cp8"));
  EXPECT_THAT(error_of({"--steps", "0"}), HasSubstr("--steps"));
  EXPECT_THAT(error_of({"--learning-rate", "-1"}), HasSubstr("--learning-rate"));
  EXPECT_THAT(error_of({"--workers", "many"}), HasSubstr("--workers"));
  EXPECT_THAT(error_of({"--arm"}), HasSubstr("--arm"));
}

}  // namespace
}  // namespace muster
