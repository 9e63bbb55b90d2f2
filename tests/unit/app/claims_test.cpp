// The claims of `muster reproduce`: their files, figures, rules and commands.
#include "muster/app/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "muster/app/claim_expression.h"
#include "muster/app/claim_figures.h"
#include "muster/app/commands.h"
#include "muster/app/comparison.h"
#include "muster/app/embedded_files.h"
#include "muster/app/help.h"
#include "muster/app/launch_request.h"
#include "muster/app/plan_request.h"
#include "muster/app/reproduction_plan.h"
#include "muster/app/reproduction_result.h"
#include "muster/app/resolve.h"
#include "muster/app/study_convex_request.h"
#include "muster/app/study_slow_sde_request.h"
#include "muster/app/study_teacher_request.h"
#include "muster/base/error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr const char* one_claim = R"toml(
name = "toy"
title = "A toy paper"
[[run]]
name = "a"
words = "study teacher --arm 'x: rule=constant base_period=2' --seed {seed}"
seeds = [1, 2, 3]
[[claim]]
id = "lower"
claim = "x is low"
where = "section 1"
here = "a run"
paper = "0.5"
figures = [
  {name = "x", from = "a:/arms/name=ours/loss"},
  {name = "y", from = "a:/arms/0/loss"},
  {name = "away", each = "x - y"},
  {name = "sure", is = "mean(away) / se(away)"},
]
holds = "sure < -3"
in_part = "mean(away) < 0"
shows = "{x:.2f} beside {y:.2f}"
means = {in_part = "chance is not ruled out"}
)toml";

std::string result(double other, double ours) {
  return R"({"arms": [{"name": "other", "loss": )" + std::to_string(other) +
         R"(}, {"name": "ours", "loss": )" + std::to_string(ours) + "}]}";
}

JudgedClaim judged(const ClaimFile& file, const std::vector<std::string>& results) {
  const PlannedClaim planned{&file, &file.claims[0], &file.claims[0].small, "", {}};
  return judge_claim(planned, {{{"a", results}}, ""});
}

TEST(Claims, AChangedFigureChangesTheVerdict) {
  const ClaimFile file = parse_claims(one_claim, "toy.toml");
  const JudgedClaim holds = judged(file, {result(2, 1), result(2.1, 1.2), result(1.9, 0.8)});
  EXPECT_EQ(holds.verdict, Verdict::holds);
  EXPECT_EQ(holds.shows, "1.00 beside 2.00");
  EXPECT_EQ(holds.reason, "");
  const JudgedClaim in_part = judged(file, {result(2, 1), result(2, 2.5), result(2, 1.9)});
  EXPECT_EQ(in_part.verdict, Verdict::in_part);
  EXPECT_EQ(in_part.reason, "chance is not ruled out");
  EXPECT_EQ(judged(file, {result(1, 2), result(1, 2.5), result(1, 1.9)}).verdict, Verdict::not_shown);
}

TEST(Claims, WhatIsMissingIsToldAndNotJudged) {
  const ClaimFile file = parse_claims(one_claim, "toy.toml");
  const JudgedClaim wrong = judged(file, {R"({"arms": []})", "{}", "{}"});
  EXPECT_EQ(wrong.verdict, Verdict::failed);
  EXPECT_THAT(wrong.reason, HasSubstr("run 'a': there is no 'name=ours'"));
  const PlannedClaim planned{&file, &file.claims[0], &file.claims[0].small, "16 GPUs", {}};
  EXPECT_EQ(judge_claim(planned, {}).verdict, Verdict::not_testable);
  const PlannedClaim there{&file, &file.claims[0], &file.claims[0].small, "", {}};
  const JudgedClaim failed = judge_claim(there, {{}, "a-1: exit code 2"});
  EXPECT_EQ(failed.verdict, Verdict::failed);
  EXPECT_EQ(failed.reason, "a-1: exit code 2");
}

TEST(Claims, ExpressionsKnowListsAndNothingness) {
  const std::vector<FigureValue> figures = {
      {"x", {4}, false}, {"list", {1, 2, 6}, true}, {"none", {std::nan("")}, false}};
  EXPECT_DOUBLE_EQ(evaluate("mean(list) + x * count(list)", figures), 15);
  EXPECT_DOUBLE_EQ(evaluate("most( list ) - least(list)", figures), 5);
  EXPECT_NEAR(evaluate("se(list)", figures), std::sqrt(7.0 / 3), 1e-12);
  EXPECT_EQ(evaluate("x > 3 && mean(list) <= 3 && abs(-x) == 4", figures), 1);
  EXPECT_EQ(evaluate("none < 1", figures), 0);
  EXPECT_EQ(evaluate("known(none)", figures), 0);
  EXPECT_EQ(evaluate("known(x)", figures), 1);
  EXPECT_EQ(evaluate_each("list * 2 - mean(list)", figures), (std::vector<double>{-1, 1, 9}));
  EXPECT_THROW(evaluate("list + 1", figures), DataError);
  EXPECT_THROW(evaluate("unknown + 1", figures), DataError);
  EXPECT_THROW(evaluate("x +", figures), DataError);
}

TEST(Claims, PointersFindNumbers) {
  const std::string json =
      R"({"a": [{"k": 8, "t": 0.005, "v": 1}, {"k": 8, "t": 0.01, "v": 2}], "yes": true, "no": null, "word": "x"})";
  EXPECT_EQ(numbers_at(json, "/a/1/v"), std::vector<double>{2});
  EXPECT_EQ(numbers_at(json, "/a/k=8,t=0.01/v"), std::vector<double>{2});
  EXPECT_EQ(numbers_at(json, "/a/*/v"), (std::vector<double>{1, 2}));
  EXPECT_EQ(numbers_at(json, "/yes"), std::vector<double>{1});
  EXPECT_TRUE(std::isnan(numbers_at(json, "/no")[0]));
  for (const char* pointer : {"/a/2/v", "/a/k=9/v", "/b", "/word", "/a/x/v"})
    EXPECT_THROW(numbers_at(json, pointer), DataError) << pointer;
  EXPECT_THROW(numbers_at("no json", "/a"), DataError);
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = one_claim;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string problem_of(const std::string& text) {
  try {
    parse_claims(text, "toy.toml");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Claims, BrokenFilesAreRefusedByName) {
  EXPECT_THAT(problem_of(changed("holds = \"sure", "hold = \"sure")),
              HasSubstr("a [[claim]] has a key 'hold'"));
  EXPECT_THAT(problem_of(changed("sure < -3", "shure < -3")), HasSubstr("shure"));
  EXPECT_THAT(problem_of(changed("sure < -3", "sure < ")), HasSubstr("cannot be read"));
  EXPECT_THAT(problem_of(changed("claim = \"x is low\"", "")), HasSubstr("needs 'claim'"));
  EXPECT_THAT(problem_of(changed("seeds = [1, 2, 3]", "")), HasSubstr("seeds"));
  EXPECT_THAT(problem_of(changed("{name = \"sure\"", "{name = \"x\"")), HasSubstr("twice"));
  EXPECT_THAT(problem_of(changed(", each = \"x - y\"", "")), HasSubstr("'from', 'is' and 'each'"));
  EXPECT_THAT(problem_of(changed("[[run]]", "[[run")), HasSubstr("toy.toml:"));
}

TEST(Claims, AskForAPaperThatIsThere) {
  ReproduceRequest request;
  request.folder = "out";
  request.paper = "adpsdg";
  EXPECT_THROW(plan_reproduction(request), OptionError);
  request.claims = "/nowhere";
  EXPECT_THROW(plan_reproduction(request), FileError);
}

TEST(Claims, AtThePapersScaleWhatIsThereIsRun) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "toy.toml") << one_claim << R"toml(
[[claim.chart]]
title = "of the small scale"
curves = [{label = "x", x = "a:/x", y = "a:/y"}]
[claim.at_paper_scale]
here = "two workers"
needs = ["workers:2"]
figures = [{name = "loss", from = "large:/final_train_loss"}]
holds = "loss < 1"
[[run]]
name = "large"
words = "launch -n 2 --hosts {hosts} -- train --run.out {out}"
)toml";
  ReproduceRequest request;
  request.claims = folder / "";
  request.folder = "out";
  request.paper_scale = true;
  for (const char* hosts : {"", "one\n"}) {
    std::ofstream(folder / "hosts") << hosts;
    request.hosts = *hosts ? std::optional<std::string>(folder / "hosts") : std::nullopt;
    const ReproductionPlan plan = plan_reproduction(request);
    EXPECT_THAT(plan.claims.at(0).missing, HasSubstr("2 slots in the file of --hosts"));
    EXPECT_TRUE(plan.commands.empty());
    ASSERT_EQ(plan.claims[0].by_hand.size(), 1U);
    EXPECT_THAT(plan.claims[0].by_hand[0], HasSubstr("muster launch -n 2 --hosts"));
  }
  std::ofstream(folder / "hosts") << "one\nother\n";
  const ReproductionPlan plan = plan_reproduction(request);
  EXPECT_EQ(plan.claims.at(0).missing, "");
  ASSERT_EQ(plan.commands.size(), 1U);
  EXPECT_EQ(plan.commands[0].words.at(4), folder / "hosts");
  const auto judged = [&](const char* json) {
    return judge_claim(plan.claims[0], {{{"large", {json}}}, ""});
  };
  EXPECT_EQ(judged(R"({"final_train_loss": 0.5})").verdict, Verdict::holds);
  EXPECT_EQ(judged(R"({"final_train_loss": 1.5})").verdict, Verdict::not_shown);
  request.paper_scale = false;
  EXPECT_EQ(plan_reproduction(request).commands.size(), 3U);
}

TEST(Claims, ANeedWithoutANumberIsNeverMet) {
  const test::TemporaryFolder folder;
  ReproduceRequest request;
  request.claims = folder / "";
  request.folder = "out";
  for (const char* need : {"cores:many", "workers:"}) {
    std::string text = one_claim;
    text.replace(text.find("holds ="), 0, std::string("needs = [\"") + need + "\"]\n");
    std::ofstream(folder / "toy.toml") << text;
    EXPECT_NE(plan_reproduction(request).claims.at(0).missing, "") << need;
  }
}

TEST(Claims, WordsAreSplitAsAShellDoes) {
  EXPECT_EQ(split_words("a --arm 'b: c=d' e\"f g\"  h"),
            (std::vector<std::string>{"a", "--arm", "b: c=d", "ef g", "h"}));
  EXPECT_THROW(split_words("a 'b"), DataError);
}

/// Whether the program's own parser takes the words of a command.
void expect_accepted(const PlannedCommand& command) {
  SCOPED_TRACE(command_text(command));
  const auto behind = [&](size_t count) {
    return std::vector<std::string>(command.words.begin() + static_cast<std::ptrdiff_t>(count),
                                    command.words.end());
  };
  const std::string name = command.words[0] == "study" ? "study " + command.words.at(1) : command.words[0];
  if (name == "study teacher") {
    EXPECT_GE(read_teacher_request(behind(2)).arms.size(), 1U);
  } else if (name == "study convex") {
    EXPECT_FALSE(read_convex_request(behind(2)).help);
  } else if (name == "study slow-sde") {
    EXPECT_FALSE(read_slow_sde_request(behind(2)).help);
  } else if (name == "simulate") {
    EXPECT_GT(read_simulate_request(behind(1)).configuration.async.local_steps, 0);
  } else if (name == "plan") {
    EXPECT_FALSE(read_plan_request(behind(1)).totals.empty());
  } else if (name == "schedule") {
    const Arguments arguments = parse_arguments(behind(1), schedule_help().flags, 1);
    EXPECT_TRUE(resolve(arguments.positional.at(0), arguments.settings, Scope::preview).run.steps);
  } else if (name == "launch") {
    const LaunchRequest request = read_launch_request(behind(1));
    ASSERT_EQ(request.command.at(0), "train");
    const std::vector<std::string> words(request.command.begin() + 1, request.command.end());
    const Arguments arguments = parse_arguments(words, train_help().flags, 1);
    const Configuration options = resolve(arguments.positional.at(0), arguments.settings, Scope::training);
    EXPECT_EQ(options.run.workers, request.ranks());
  } else if (name == "compare") {
    EXPECT_FALSE(plan_comparison(read_compare_request(behind(1)).comparison).empty());
  } else {
    ADD_FAILURE() << "nobody here reads the words of " << name;
  }
}

/// A command that is only printed, where its needs are not met: `muster ...`, or a script of this project.
void expect_accepted_by_hand(const std::string& text) {
  std::vector<std::string> words = split_words(text);
  if (words.at(0) == "muster") {
    words.erase(words.begin());
    return expect_accepted({"by hand", "by hand", words, 1, false});
  }
  const auto source = std::filesystem::path(__FILE__).parent_path() / "../../..";
  EXPECT_TRUE(std::filesystem::exists(source / words.at(0))) << text;
}

TEST(Claims, OfTheProgramParseAndTheirCommandsAreAccepted) {
  const test::TemporaryFolder folder;
  write_configurations(folder / "out");
  const std::filesystem::path data = folder / "data";
  for (const char* name : {"cifar-10-batches-bin", "imagenet"})
    std::filesystem::create_directories(data / name);
  for (const char* name : {"tinyshakespeare.txt", "w8a", "c4.bin", "c4_pretrained.safetensors"})
    std::ofstream(data / name) << "here";
  std::ofstream(folder / "hosts") << "big slots=64";
  for (const bool paper_scale : {false, true}) {
    ReproduceRequest request;
    request.folder = folder / "out";
    request.paper_scale = paper_scale;
    request.data = folder / "data";
    request.hosts = folder / "hosts";
    const ReproductionPlan plan = plan_reproduction(request);
    EXPECT_GE(plan.files.size(), 5U);
    EXPECT_GE(plan.claims.size(), 40U);
    EXPECT_GE(plan.commands.size(), paper_scale ? 100U : 190U);
    for (const PlannedCommand& command : plan.commands) expect_accepted(command);
    // Nothing that this machine has or lacks decides what is read here: without data and hosts all that needs
    // them is printed instead.
    for (const bool nothing_there : {false, true}) {
      if (nothing_there) request.data = request.hosts = std::nullopt;
      size_t printed = 0;
      for (const PlannedClaim& claim : plan_reproduction(request).claims)
        for (const std::string& text : claim.by_hand) {
          if (nothing_there && text.find("HOSTS") != std::string::npos) continue;  // the file is read
          expect_accepted_by_hand(text);
          ++printed;
        }
      EXPECT_GT(printed, paper_scale ? 3U : 0U);
    }
  }
}

}  // namespace
}  // namespace muster
