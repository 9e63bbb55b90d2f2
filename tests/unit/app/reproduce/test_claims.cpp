// The claims of `muster reproduce`: their files, figures, rules and commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/launch/launch_request.h"
#include "muster/app/options/help.h"
#include "muster/app/options/resolve.h"
#include "muster/app/planner/plan_request.h"
#include "muster/app/reproduce/claim_expression.h"
#include "muster/app/reproduce/claim_figures.h"
#include "muster/app/reproduce/claim_files.h"
#include "muster/app/reproduce/claims.h"
#include "muster/app/reproduce/embedded_files.h"
#include "muster/app/reproduce/reproduction_plan.h"
#include "muster/app/reproduce/reproduction_result.h"
#include "muster/app/reproduce/reproduction_tune.h"
#include "muster/app/study/study_convex_request.h"
#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_teacher_request.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"
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
seeds = 8
[[claim]]
id = "lower"
claim = "x is low"
where = "section 1"
kind = "measured"
here = "a run"
paper = "0.5"
figures = [
  {name = "x", from = "a:/arms/name=ours/loss"},
  {name = "y", from = "a:/arms/0/loss"},
]
parts = [{says = "x is lower than y", arm = "x", beside = "y", direction = "less"}]
shows = "{x:.2f} beside {y:.2f}"
means = {undecided = "chance is not ruled out"}
)toml";

std::string result(double other, double ours) {
  return R"({"arms": [{"name": "other", "loss": )" + std::to_string(other) +
         R"(}, {"name": "ours", "loss": )" + std::to_string(ours) + "}]}";
}

/// Eight seeds: the other arm near `other`, ours near `ours`, each a little different.
std::vector<std::string> results(double other, double ours) {
  std::vector<std::string> all;
  for (int seed = 0; seed < 8; ++seed)
    all.push_back(result(other + 0.01 * (seed % 3), ours + 0.01 * (seed % 4)));
  return all;
}

PlannedClaim planned(const ClaimFile& file, const std::string& missing = "") {
  return {&file, &file.claims[0], &file.claims[0].small, missing, {}, 0, {8}};
}

JudgedClaim judged(const ClaimFile& file, const std::vector<std::string>& results) {
  return judge_claim(planned(file), {{{"a", results}}, ""});
}

ClaimVerdict verdict(const ClaimFile& file, const std::vector<std::string>& results) {
  return judged(file, results).judgement.verdict;
}

TEST(Claims, AChangedResultTurnsTheVerdict) {
  const ClaimFile file = parse_claims(one_claim, "toy.toml");
  const JudgedClaim holds = judged(file, results(2, 1));
  EXPECT_EQ(holds.judgement.verdict, ClaimVerdict::holds);
  EXPECT_THAT(holds.shows, HasSubstr(" beside 2.01"));
  EXPECT_EQ(holds.reason, "");
  EXPECT_EQ(verdict(file, results(1, 2)), ClaimVerdict::refuted);
  const JudgedClaim near = judged(file, results(1, 1));
  EXPECT_EQ(near.judgement.verdict, ClaimVerdict::undecided);
  EXPECT_EQ(near.reason, "chance is not ruled out");
  std::vector<std::string> one_changed = results(2, 1);  // one seed alone widens the interval
  one_changed[3] = result(2, 9);
  EXPECT_EQ(verdict(file, one_changed), ClaimVerdict::undecided);
}

TEST(Claims, ExchangedArmsTurnHoldsIntoRefuted) {
  std::string text = one_claim;
  const std::string arms = "arm = \"x\", beside = \"y\"";
  text.replace(text.find(arms), arms.size(), "arm = \"y\", beside = \"x\"");
  const ClaimFile exchanged = parse_claims(text, "toy.toml"), file = parse_claims(one_claim, "toy.toml");
  EXPECT_EQ(verdict(file, results(2, 1)), ClaimVerdict::holds);
  EXPECT_EQ(verdict(exchanged, results(2, 1)), ClaimVerdict::refuted);
  EXPECT_EQ(verdict(exchanged, results(1, 2)), ClaimVerdict::holds);
}

TEST(Claims, WhatIsMissingIsToldAndNotJudged) {
  const ClaimFile file = parse_claims(one_claim, "toy.toml");
  const JudgedClaim wrong = judged(file, std::vector<std::string>(8, R"({"arms": []})"));
  EXPECT_EQ(wrong.judgement.verdict, ClaimVerdict::failed);
  EXPECT_THAT(wrong.reason, HasSubstr("run 'a': there is no 'name=ours'"));
  const JudgedClaim none = judge_claim(planned(file, "16 GPUs"), {});
  EXPECT_EQ(none.judgement.verdict, ClaimVerdict::not_testable);
  EXPECT_EQ(none.planned.kind(), ClaimKind::not_testable);
  const JudgedClaim failed = judge_claim(planned(file), {{}, "a-1: exit code 2"});
  EXPECT_EQ(failed.judgement.verdict, ClaimVerdict::failed);
  EXPECT_EQ(failed.reason, "a-1: exit code 2");
  std::vector<std::string> seven = results(2, 1);
  seven.pop_back();
  EXPECT_THAT(judged(file, seven).reason, HasSubstr("7 values, but 8 seeds were fixed beforehand"));
}

TEST(Claims, ANumberAgreesWithinItsTolerance) {
  std::string text = one_claim;
  text.replace(text.find("kind = \"measured\""), 17, "kind = \"exact\"");
  const size_t parts = text.find("parts = [");
  text.replace(parts, text.find('\n', parts) - parts,
               "numbers = [{figure = \"x\", number = 1.0, tolerance = 0.05}]");
  const ClaimFile file = parse_claims(text, "toy.toml");
  EXPECT_EQ(verdict(file, results(2, 1)), ClaimVerdict::agrees);
  EXPECT_EQ(verdict(file, results(2, 1.2)), ClaimVerdict::differs);
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
  EXPECT_THAT(problem_of(changed("here = \"a run\"", "there = \"a run\"")), HasSubstr("has a key 'there'"));
  EXPECT_THAT(problem_of(changed("arm = \"x\"", "arm = \"shure\"")), HasSubstr("there is no figure 'shure'"));
  EXPECT_THAT(problem_of(changed("direction = \"less\"", "direction = \"lower\"")), HasSubstr("'direction'"));
  EXPECT_THAT(problem_of(changed("direction = \"less\"", "direction = \"no_more\"")), HasSubstr("'margin'"));
  EXPECT_THAT(problem_of(changed("direction = \"less\"", "direction = \"no_more\", margin = 0.1")),
              HasSubstr("needs 'source'"));
  EXPECT_THAT(problem_of(changed("direction = \"less\"", "direction = \"less\", margin = 0.1")),
              HasSubstr("only with these"));
  EXPECT_THAT(problem_of(changed("direction = \"less\"", "direction = \"less\", than = 1")),
              HasSubstr("'beside' and 'than'"));
  EXPECT_THAT(problem_of(changed("kind = \"measured\"", "kind = \"proved\"")), HasSubstr("'proved'"));
  EXPECT_THAT(problem_of(changed("kind = \"measured\"", "kind = \"exact\"")), HasSubstr("'numbers'"));
  EXPECT_THAT(problem_of(changed("claim = \"x is low\"", "")), HasSubstr("needs 'claim'"));
  EXPECT_THAT(problem_of(changed("seeds = 8", "")), HasSubstr("seeds"));
  EXPECT_THAT(problem_of(changed("seeds = 8", "seeds = [1, 2, 3, 4, 5, 6, 7, 7]")),
              HasSubstr("a seed twice"));
  EXPECT_THAT(problem_of(changed("{name = \"y\", from", "{name = \"x\", from")), HasSubstr("twice"));
  EXPECT_THAT(problem_of(changed("from = \"a:/arms/0/loss\"", "each = \"x - \"")),
              HasSubstr("cannot be read"));
  EXPECT_THAT(problem_of(changed(", from = \"a:/arms/0/loss\"", "")), HasSubstr("'from', 'is' and 'each'"));
  EXPECT_THAT(problem_of(changed("[[run]]", "[[run")), HasSubstr("toy.toml:"));
}

std::string load_problem(const std::string& text) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "toy.toml") << text;
  try {
    load_claims(folder / "");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Claims, AMeasuredClaimHasEightSeedsThatCanBePaired) {
  EXPECT_EQ(load_problem(one_claim), "no error");
  EXPECT_THAT(load_problem(changed("seeds = 8", "seeds = 7")), HasSubstr("has 7 seeds"));
  const std::string other =
      "[[run]]\nname = \"b\"\nwords = \"study teacher --seed {seed}\"\nseeds = 9\n[[claim]]";
  std::string text = changed("[[claim]]", other);
  text.replace(text.find("a:/arms/0/loss"), 1, "b");
  EXPECT_THAT(load_problem(text), HasSubstr("cannot be paired"));
  // Seeds inside a command count where all of them are taken.
  const std::string inside = changed("seeds = 8", "seeds = [1, 5]\nseeds_inside = 4");
  EXPECT_THAT(load_problem(inside), HasSubstr("has 2 seeds"));
}

TEST(Claims, AskForAPaperThatIsThere) {
  ReproduceRequest request;
  request.folder = "out";
  request.paper = "adpsdg";
  EXPECT_THROW(plan_reproduction(request), OptionError);
  request.paper = "all";
  request.claims = "/nowhere";
  EXPECT_THROW(plan_reproduction(request), FileError);
}

TEST(Claims, APapersNameMayBeJoinedByEither) {
  for (const char* paper : {"slow-sde", "slow_sde", "local_sgd", "local-sgd"}) {
    ReproduceRequest request;
    request.folder = "out";
    request.paper = paper;
    EXPECT_FALSE(plan_reproduction(request).claims.empty()) << paper;
  }
}

TEST(Claims, TheCheapestComeFirst) {
  ReproduceRequest request;
  request.folder = "out";
  const ReproductionPlan plan = plan_reproduction(request);
  for (size_t i = 1; i < plan.claims.size(); ++i) {
    if (plan.claims[i].file != plan.claims[i - 1].file) continue;
    EXPECT_GE(plan.claims[i].minutes, plan.claims[i - 1].minutes) << plan.claims[i].claim->id;
  }
  EXPECT_LT(plan.commands.front().minutes, 0.01);
}

TEST(Claims, AtThePapersScaleWhatIsThereIsRun) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "toy.toml") << one_claim << R"toml(
[[claim.chart]]
title = "of the small scale"
curves = [{label = "x", x = "a:/x", y = "a:/y"}]
[claim.at_paper_scale]
kind = "measured"
here = "two workers"
needs = ["workers:2"]
figures = [{name = "loss", from = "large:/final_train_loss"}]
parts = [{says = "low", arm = "loss", than = 1, direction = "less", source = "table 1"}]
[[run]]
name = "large"
words = "launch -n 2 --hosts {hosts} -- train --run.seed {seed} --run.out {out}"
seeds = 8
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
    ASSERT_EQ(plan.claims[0].by_hand.size(), 1U);  // the first seed stands for all
    EXPECT_THAT(plan.claims[0].by_hand[0], HasSubstr("muster launch -n 2 --hosts"));
  }
  std::ofstream(folder / "hosts") << "one\nother\n";
  const ReproductionPlan plan = plan_reproduction(request);
  EXPECT_EQ(plan.claims.at(0).missing, "");
  ASSERT_EQ(plan.commands.size(), 8U);
  EXPECT_EQ(plan.commands[0].words.at(4), folder / "hosts");
  const auto judged = [&](double loss) {
    std::vector<std::string> all;
    for (int seed = 0; seed < 8; ++seed)
      all.push_back(R"({"final_train_loss": )" + std::to_string(loss + 0.01 * seed) + "}");
    return judge_claim(plan.claims[0], {{{"large", all}}, ""}).judgement.verdict;
  };
  EXPECT_EQ(judged(0.5), ClaimVerdict::holds);
  EXPECT_EQ(judged(1.5), ClaimVerdict::refuted);
  request.paper_scale = false;
  EXPECT_EQ(plan_reproduction(request).commands.size(), 8U);
}

TEST(Claims, ANeedWithoutANumberIsNeverMet) {
  const test::TemporaryFolder folder;
  ReproduceRequest request;
  request.claims = folder / "";
  request.folder = "out";
  for (const char* need : {"cores:many", "workers:"}) {
    std::string text = one_claim;
    text.replace(text.find("shows ="), 0, std::string("needs = [\"") + need + "\"]\n");
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
    EXPECT_GE(read_teacher_request(catalogue, behind(2)).arms.size(), 1U);
  } else if (name == "study convex") {
    EXPECT_FALSE(read_convex_request(catalogue, behind(2)).help);
  } else if (name == "study slow-sde") {
    EXPECT_FALSE(read_slow_sde_request(catalogue, behind(2)).help);
  } else if (name == "simulate") {
    EXPECT_GT(read_simulate_request(catalogue, behind(1)).configuration.async.local_steps, 0);
  } else if (name == "plan") {
    EXPECT_FALSE(read_plan_request(catalogue, behind(1)).totals.empty());
  } else if (name == "schedule") {
    const Arguments arguments = parse_arguments(catalogue, behind(1), schedule_help().flags, 1);
    EXPECT_TRUE(resolve(catalogue, arguments.positional.at(0), arguments.settings, Scope::preview).run.steps);
  } else if (name == "launch") {
    const LaunchRequest request = read_launch_request(catalogue, behind(1));
    ASSERT_EQ(request.command.at(0), "train");
    const std::vector<std::string> words(request.command.begin() + 1, request.command.end());
    const Arguments arguments = parse_arguments(catalogue, words, train_help().flags, 1);
    const Configuration options =
        resolve(catalogue, arguments.positional.at(0), arguments.settings, Scope::training);
    EXPECT_EQ(options.run.workers, request.ranks());
  } else if (name == "train") {
    const Arguments arguments = parse_arguments(catalogue, behind(1), train_help().flags, 1);
    EXPECT_GT(resolve(catalogue, arguments.positional.at(0), arguments.settings, Scope::training).run.workers,
              0);
  } else if (name == "reproduce") {
    EXPECT_TRUE(parse_arguments(catalogue, behind(1), reproduce_help().flags, 1).has("tune"));
  } else if (name == "compare") {
    EXPECT_FALSE(plan_comparison(catalogue, read_compare_request(catalogue, behind(1)).comparison).empty());
  } else {
    ADD_FAILURE() << "nobody here reads the words of " << name;
  }
}

/// A command that is only printed, where its needs are not met: `muster ...`, or a script of this project.
void expect_accepted_by_hand(const std::string& text) {
  std::vector<std::string> words = split_words(text);
  if (words.at(0) == "muster") {
    words.erase(words.begin());
    return expect_accepted({"by hand", "by hand", words, 1, false, {}, {}});
  }
  const auto source = std::filesystem::path(__FILE__).parent_path() / "../../../..";
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
    EXPECT_GE(plan.commands.size(), 400U);
    std::set<std::string> runs;  // seeds of a run differ in nothing else
    for (const PlannedCommand& command : plan.commands)
      if (runs.insert(command.run).second) expect_accepted(command);
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

TEST(Claims, TuningRunsCommandsThatAreAccepted) {
  const test::TemporaryFolder folder;
  write_configurations(folder / "out");
  ReproduceRequest request;
  request.folder = folder / "out";
  int arms = 0;
  for (const ClaimFile& file : load_claims(std::nullopt))
    for (const TuneArm& arm : file.tunes) {
      expect_accepted(tune_commands(arm, arm.grid, request).front());
      ++arms;
    }
  EXPECT_GE(arms, 9);
}

}  // namespace
}  // namespace muster
