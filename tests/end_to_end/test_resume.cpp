// Whatever happens to a run, it can be gone on with, and ends with the bits of the undisturbed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "muster/base/random.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

Words train(const std::string& out, const Words& more) {
  Words words = {MUSTER_PROGRAM,       "train", "--task.model",         "mlp", "--task.samples", "512",
                 "--task.batch",       "4",     "--run.workers",        "3",   "--run.threads",  "2",
                 "--task.hidden",      "16",    "--evaluation.every",   "700", "--run.out",      out,
                 "--checkpoint.every", "100",   "--learning_rate.peak", "0.01"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

int64_t newest_step(const std::string& out) {
  int64_t newest = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(out + "/checkpoints", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-")) newest = std::max<int64_t>(newest, std::atoll(name.c_str() + 5));
  }
  return newest;
}

/// The step that a resumed session said it goes on from; 0 when it started anew.
int64_t resumed_step(const std::string& err) {
  const size_t at = err.find("(step ");
  if (at == std::string::npos) return 0;
  std::string digits;
  for (size_t i = at + 6; err[i] != ')'; ++i)
    if (err[i] != ',') digits += err[i];
  return std::atoll(digits.c_str());
}

nlohmann::json without_times(const std::string& path) {
  auto json = nlohmann::json::parse(read_file(path));
  for (const char* key : {"seconds", "samples_per_second", "summary_xxh64"}) json.erase(key);
  json["files"].erase("metrics.jsonl");
  for (const char* key : {"out", "resume"}) json["configuration"]["run"].erase(key);
  return json;
}

// A round of 3,000 steps in the middle, and short ones around it.
const Words long_rounds = {"--run.steps",         "4000", "--schedule.rule", "piecewise", "--schedule.pieces",
                           "0:7,203:3000,3203:20"};

TEST(Resume, TenKillsAndFiveTermSignalsChangeNoBit) {
  const TemporaryFolder folder;
  ASSERT_EQ(test::run(train(folder / "whole", long_rounds)).code, 0);
  const std::string out = folder / "disturbed";
  Words words = long_rounds;
  words.push_back("--run.resume");
  RandomStream random({.seed = 20, .purpose = Purpose::test});
  int kills = 0, terms = 0;
  int64_t before = 0;
  while (kills < 10 || terms < 5) {
    const bool kill = kills < 10 && (terms == 5 || random.below(3) < 2);
    ChildProcess child(train(out, words));
    // Some are disturbed while they start, most in their steps, each a little way on.
    if (random.below(5) > 0) child.wait_to_say("\nstep ", 30);
    if (child.wait_for(0.15 * random.uniform())) break;
    const int64_t seen = newest_step(out);
    child.send(kill ? SIGKILL : SIGTERM);
    const Ended ended = child.wait();
    ++(kill ? kills : terms);
    if (ended.err.find("resuming from") != std::string::npos) {
      EXPECT_EQ(resumed_step(ended.err), before) << ended.err;
    }
    before = newest_step(out);
    EXPECT_GE(before, seen);
    if (ended.err.find("stopped after step") != std::string::npos) {
      EXPECT_THAT(ended.err, HasSubstr("muster train "));
    }
  }
  EXPECT_EQ(kills + terms, 15) << "the run was over before it was disturbed enough";
  if (!std::filesystem::exists(out + "/summary.json")) {
    ASSERT_EQ(test::run(train(out, words)).code, 0);
  }
  EXPECT_EQ(read_file(out + "/model.safetensors"), read_file(folder / "whole/model.safetensors"));
  EXPECT_EQ(without_times(out + "/summary.json"), without_times(folder / "whole/summary.json"));
}

TEST(Resume, StoppedInsideARoundInWarmUpAndInSampling) {
  for (const Words& rule :
       {Words{"--schedule.rule", "adaptive", "--run.steps", "900", "--learning_rate.warmup_steps", "200"},
        Words{"--schedule.rule", "constant", "--schedule.base_period", "1000", "--run.steps", "1200"},
        Words{"--schedule.rule", "post_local", "--schedule.switch_step", "450", "--run.steps", "900"}}) {
    const TemporaryFolder folder;
    ASSERT_EQ(test::run(train(folder / "whole", rule)).code, 0);
    const std::string out = folder / "stopped";
    for (int stops = 0;; ++stops) {
      ChildProcess child(train(
          out, stops == 0 ? rule : [&] {
            Words words = rule;
            words.push_back("--run.resume");
            return words;
          }()));
      child.wait_to_say("\nstep ", 30);
      child.wait_for(0.1);
      child.send(SIGTERM);
      const Ended ended = child.wait();
      if (ended.code == 0) break;
      ASSERT_EQ(ended.code, 128 + SIGTERM) << ended.err;
      ASSERT_LT(stops, 60);
    }
    EXPECT_EQ(read_file(out + "/model.safetensors"), read_file(folder / "whole/model.safetensors"))
        << rule[1];
  }
}

TEST(Resume, SaysWhatAFolderHolds) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Words words = {"--run.steps", "30"};
  const Words again = {"--run.steps", "30", "--run.resume"};
  const Ended fresh = test::run(train(out, again));
  EXPECT_EQ(fresh.code, 0);
  EXPECT_THAT(fresh.err, HasSubstr("start"));
  const Ended refused = test::run(train(out, words));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("run.resume"));
  const std::string model = read_file(out + "/model.safetensors");
  const Ended finished = test::run(train(out, again));
  EXPECT_EQ(finished.code, 0);
  EXPECT_THAT(finished.err, HasSubstr("finished"));
  EXPECT_EQ(read_file(out + "/model.safetensors"), model);
}

TEST(Resume, ANumberOfThreadsIsNoPartOfTheResult) {
  const TemporaryFolder folder;
  for (const char* threads : {"1", "2", "4"}) {
    Words words = train(folder / threads, {"--run.steps", "60", "--schedule.base_period", "4"});
    words[std::find(words.begin(), words.end(), "--run.threads") - words.begin() + 1] = threads;
    ASSERT_EQ(test::run(words).code, 0);
  }
  const std::string model = read_file(folder / "1/model.safetensors");
  EXPECT_EQ(read_file(folder / "2/model.safetensors"), model);
  EXPECT_EQ(read_file(folder / "4/model.safetensors"), model);
}

// Where nothing depends on the total, the longer run has the bits of one that was so long from its start.
TEST(Resume, ARunIsMadeLongerByItsFolder) {
  const TemporaryFolder folder;
  const Words constant = {"--schedule.rule", "constant", "--schedule.base_period", "4",
                          "--shape",         "constant"};
  const auto with_steps = [&](const char* steps) {
    Words words = constant;
    words.insert(words.end(), {"--run.steps", steps});
    return words;
  };
  const std::string longer = folder / "longer", whole = folder / "whole";
  ASSERT_EQ(test::run(train(longer, with_steps("60"))).code, 0);
  ASSERT_EQ(test::run(train(whole, with_steps("120"))).code, 0);
  const Ended same = test::run({MUSTER_PROGRAM, "train", longer});
  EXPECT_THAT(same.err, HasSubstr("finished: nothing to resume"));
  const Ended ended = test::run({MUSTER_PROGRAM, "train", longer, "--run.steps", "120"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("the run had 60 steps and gets 120; 60 are done"));
  EXPECT_EQ(read_file(longer + "/model.safetensors"), read_file(whole + "/model.safetensors"));
  EXPECT_EQ(without_times(longer + "/summary.json")["rounds"],
            without_times(whole + "/summary.json")["rounds"]);
  EXPECT_THAT(test::run({MUSTER_PROGRAM, "train", longer}).err, HasSubstr("finished: nothing to resume"));
  const Ended shorter = test::run({MUSTER_PROGRAM, "train", longer, "--run.steps", "90"});
  EXPECT_EQ(shorter.code, 2);
  EXPECT_THAT(shorter.err, HasSubstr("run.steps = 90: the run in"));
}

TEST(Resume, AScheduleThatDependsOnTheTotalSaysHowItChanges) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ASSERT_EQ(test::run(train(out, {"--run.steps", "40"})).code, 0);
  const Ended ended = test::run({MUSTER_PROGRAM, "train", out, "--run.steps", "80"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("learning_rate.shape = cosine follows the length of the run"));
  EXPECT_THAT(ended.err, HasSubstr("schedule.rule = qsr follows the rate: the next round has"));
}

TEST(Resume, OtherSettingsThanTheCheckpointsAreRefusedByName) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess child(train(out, {"--run.steps", "100000"}));
  for (int i = 0; i < 1000 && newest_step(out) == 0; ++i) child.wait_for(0.02);
  child.send(SIGKILL);
  child.wait();
  const Ended refused =
      test::run(train(out, {"--run.steps", "100000", "--run.resume", "--inner.momentum", "0.8"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("inner.momentum"));
}

}  // namespace
}  // namespace muster
