// What a catalogue with kinds of one's own changes: help, files, flags, messages, printing, documents,
// previews and plans know them, and no source of the program names them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/app/commands/commands.h"
#include "muster/app/commands/completion.h"
#include "muster/app/commands/manual_page.h"
#include "muster/app/keys/kind_tables.h"
#include "muster/app/options/help.h"
#include "muster/app/options/printed_configuration.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/own_kinds/own_kinds.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

class OwnKinds : public ::testing::Test {
 protected:
  std::string output_of(int (*command)(const Catalogue&, const Words&), const Words& words) const {
    ::testing::internal::CaptureStdout();
    try {
      EXPECT_EQ(command(catalogue_, words), 0);
    } catch (...) {
      ::testing::internal::GetCapturedStdout();
      throw;
    }
    return ::testing::internal::GetCapturedStdout();
  }
  std::string message_of(const Words& words) const {
    try {
      read_train_request(catalogue_, words);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "(no error)";
  }

  const Catalogue catalogue_{test::with_own(built_in_kinds())};
  const Words own_ = test::own_kinds_chosen();
};

TEST_F(OwnKinds, AppearInHelpCompletionAndTheManual) {
  const std::string help = help_text(catalogue_, train_help());
  EXPECT_THAT(help, AllOf(HasSubstr("swap, theory, doubling"), HasSubstr("--schedule.double_every INTEGER\n"),
                          HasSubstr("doubling: rounds after which the period doubles."),
                          HasSubstr("[default: 3; unit: rounds; >= 1]")));
  EXPECT_THAT(help, AllOf(HasSubstr("average|slowmo|nesterov|sign_step"), HasSubstr("--outer.stride NUMBER"),
                          HasSubstr("[default: 0.01; > 0 and <= 10]")));
  EXPECT_THAT(help, AllOf(HasSubstr("int8|top_k|sign"), HasSubstr("--comm.magnitude mean|largest")));
  for (const std::string& text :
       {bash_completion(catalogue_), fish_completion(catalogue_), manual_page(catalogue_)})
    EXPECT_THAT(text, AllOf(HasSubstr("double_every"), HasSubstr("stride"), HasSubstr("magnitude")));
}

TEST_F(OwnKinds, ShareTheFieldsOfOthers) {
  const std::string meaning = catalogue_.find_key("schedule.base_period", "").meaning;
  EXPECT_THAT(meaning, HasSubstr("adaptive, loss, doubling: the first number"));
  EXPECT_THAT(catalogue_.find_key("comm.error_feedback", "").default_text(),
              HasSubstr("true for int8, top_k and sign, else false"));
}

TEST_F(OwnKinds, AreReadFromFlagsAndFilesAndPrinted) {
  const TrainRequest request = read_train_request(catalogue_, own_);
  const std::string printed = write_toml(catalogue_, request.configuration);
  EXPECT_THAT(printed, AllOf(HasSubstr("\nrule = \"doubling\"\n"), HasSubstr("\ndouble_every = 2\n"),
                             HasSubstr("\noptimizer = \"sign_step\"\n"), HasSubstr("\nstride = 0.05\n"),
                             HasSubstr("\ncodec = \"sign\"\n"), HasSubstr("\nmagnitude = \"largest\"\n")));
  const std::string differences = differences_toml(catalogue_, request.resolution, Scope::training);
  EXPECT_THAT(differences, AllOf(HasSubstr("double_every = 2"), HasSubstr("stride = 0.05")));
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "own.toml", differences);
  EXPECT_EQ(write_toml(catalogue_, read_train_request(catalogue_, {folder / "own.toml"}).configuration),
            printed);
}

TEST_F(OwnKinds, KeepTheFilesOtherValuesUnderAnotherRule) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "own.toml", "[schedule]\nrule = \"qsr\"\ngrowth = 0.3\nbase_period = 8\n");
  const Words words = {folder / "own.toml", "--rule", "doubling"};
  const Configuration configuration = read_train_request(catalogue_, words).configuration;
  EXPECT_EQ(catalogue_.find_key("schedule.base_period", "").get(configuration), Value(int64_t{8}));
  EXPECT_EQ(catalogue_.find_key("schedule.growth", "").get(configuration), Value(0.3));
}

TEST_F(OwnKinds, AreCheckedAndSuggested) {
  EXPECT_THAT(message_of({"--rule", "dubling"}),
              AllOf(HasSubstr("schedule.rule = dubling"), HasSubstr("did you mean doubling?")));
  EXPECT_THAT(message_of({"--outer.optimizer", "sign_stp"}), HasSubstr("did you mean sign_step?"));
  EXPECT_THAT(message_of({"--comm.codec", "sgn"}), HasSubstr("did you mean sign?"));
  EXPECT_THAT(message_of({"--schedule.double_evry", "2"}), HasSubstr("did you mean schedule.double_every?"));
  EXPECT_THAT(message_of({"--rule", "doubling", "--double_every", "0"}),
              HasSubstr("schedule.double_every = 0: must be >= 1"));
  EXPECT_THAT(message_of({"--double_every", "x"}), HasSubstr("must be a whole number"));
  EXPECT_THAT(message_of({"--outer.stride", "0.1"}),
              HasSubstr("is not used by outer.optimizer = average; use sign_step, or leave it out"));
  EXPECT_THAT(message_of({"--comm.codec", "qsgd8", "--comm.magnitude", "largest"}),
              HasSubstr("is not used by comm.codec = qsgd8; use sign, or leave it out"));
  EXPECT_THAT(message_of({"--rule", "every_step", "--outer.optimizer", "sign_step"}),
              HasSubstr("has no use under schedule.rule = every_step"));
}

TEST_F(OwnKinds, StandInTheTablesOfTheDocuments) {
  std::string all;
  for (const KindTable& table : kind_tables(catalogue_)) all += table.text;
  EXPECT_THAT(all, HasSubstr("| `doubling` | H = base_period · 2^⌊round / double_every⌋ | nobody | "
                             "`doubling_rule` | `base_period`, `double_every` |\n"));
  EXPECT_THAT(all,
              HasSubstr("| `sign_step` | anchor −= stride · sign(outer gradient) | nobody | `sign_step` | "
                        "`stride` |\n"));
  EXPECT_THAT(all, HasSubstr("| `sign` | the sign of each value, and one magnitude for all | nobody | "
                             "`sign_codec` | `magnitude`, `error_feedback` |\n"));
}

TEST_F(OwnKinds, ArePreviewed) {
  const Json preview =
      Json::parse(output_of(schedule_command, {"--rule", "doubling", "--base_period", "2", "--double_every",
                                               "2", "--run.steps", "30", "--json"}));
  EXPECT_EQ(preview.at("rule"), "doubling");
  EXPECT_EQ(preview.at("rounds"), 7);  // 2 2 4 4 8 8 and the last 2
  EXPECT_EQ(preview.at("base_period"), 2);
}

TEST_F(OwnKinds, ArePlanned) {
  const Json plan = Json::parse(
      output_of(plan_command, {"--run.steps", "20000", "--run.workers", "4", "--step-time", "10ms",
                               "--parameters", "1000000", "--network", "1Gbit", "--hosts", "4", "--json"}));
  Words rules, travels;
  for (const Json& row : plan.at("rows")) rules.push_back(row.at("name"));
  for (const Json& travel : plan.at("travels")) travels.push_back(travel.at("name"));
  EXPECT_THAT(rules, ::testing::IsSupersetOf({"doubling:2", "doubling:4", "doubling:8"}));
  EXPECT_THAT(travels, ::testing::Contains("sign"));
}

}  // namespace
}  // namespace muster
