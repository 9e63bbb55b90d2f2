// A run owes its result, whatever befalls one of its processes. Three representatives; bench/lost_result.py
// has the random moments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/ranks_of.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::ranks_of;
using test::TemporaryFolder;
using testing::HasSubstr;

using Words = std::vector<std::string>;

constexpr int steps = 3000;

Words elastic_run(const std::string& out, const Words& more = {}) {
  Words words = {MUSTER_PROGRAM, "launch", "-n",      "3", "--min-workers", "1",
                 "--deadline",   "2",      "--grace", "2"};
  const Words train = {"--",
                       "train",
                       "--task.name",
                       "clusters",
                       "--task.hidden",
                       "8",
                       "--task.samples",
                       "256",
                       "--task.test_samples",
                       "64",
                       "--task.batch",
                       "4",
                       "--run.steps",
                       std::to_string(steps),
                       "--rule",
                       "constant",
                       "--base_period",
                       "3",
                       "--learning_rate.peak",
                       "0.01",
                       "--checkpoint.every",
                       "300",
                       "--run.threads",
                       "1",
                       "--run.out",
                       out};
  words.insert(words.end(), train.begin(), train.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::map<std::string, std::string> contents_of(const std::string& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    contents[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path().string()) : "";
  return contents;
}

bool has_lines(const std::string& path, int64_t count) {
  for (int i = 0; i < 3000; ++i) {
    std::ifstream file(path);
    int64_t found = 0;
    for (std::string line; std::getline(file, line);) ++found;
    if (found >= count) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void expect_whole(const std::string& out) {
  ASSERT_TRUE(std::filesystem::exists(out + "/summary.json"));
  ASSERT_TRUE(std::filesystem::exists(out + "/model.safetensors"));
  const auto summary = nlohmann::json::parse(read_file(out + "/summary.json"));
  EXPECT_EQ(summary["steps"], steps);
  EXPECT_FALSE(summary.contains("metrics_gaps"));
  std::ifstream file(out + "/metrics.jsonl");
  int64_t step = 0;
  for (std::string text; std::getline(file, text);) {
    const auto line = nlohmann::json::parse(text);
    if (line.value("evaluation", false)) continue;
    EXPECT_EQ(line["step"], step + 3);
    step = line["step"];
  }
  EXPECT_EQ(step, steps);
}

std::string last_line(const Ended& ended) {
  const size_t end = ended.err.find_last_not_of('\n');
  const size_t begin = ended.err.rfind('\n', end);
  return ended.err.substr(begin + 1, end - begin);
}

TEST(LostResult, AnotherRankWritesItWhereTheWriterIsStoppedForGood) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(elastic_run(out));
  ASSERT_TRUE(has_lines(out + "/metrics.jsonl", 200));
  ::kill(ranks_of(out).at(0), SIGSTOP);
  ASSERT_TRUE(run.wait_for(60)) << "the launcher waits for a stopped rank";
  const Ended ended = run.wait();
  EXPECT_EQ(ended.code, 0) << ended.err;
  expect_whole(out);
  EXPECT_THAT(ended.err, HasSubstr("rank 0 is stopped; the result is on the disk, so it is killed"));
}

TEST(LostResult, WhoWakesUpAfterTheEndChangesNoByte) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  ChildProcess run(elastic_run(out));
  ASSERT_TRUE(has_lines(out + "/metrics.jsonl", 200));
  const int sleeper = ranks_of(out).at(0);
  ::kill(sleeper, SIGSTOP);
  while (ranks_of(out).size() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  run.send(SIGSTOP);  // it would kill the sleeper
  const auto before = contents_of(out);
  ::kill(sleeper, SIGCONT);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(contents_of(out), before);
  run.send(SIGCONT);
  EXPECT_EQ(run.wait().code, 0);
  expect_whole(out);
}

TEST(LostResult, WhereNobodyCanWriteTheLastLineSaysWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  // The model does not fit into a file, the metrics do; as on a full disk, for every rank.
  const Ended ended =
      test::run(elastic_run(out, {"--task.hidden", "2048", "--run.steps", "30", "--checkpoint.every", "0"}),
                {.file_size_limit = 100'000, .folder = ""});
  EXPECT_EQ(ended.code, 2) << ended.err;
  EXPECT_FALSE(std::filesystem::exists(out + "/summary.json"));
  EXPECT_THAT(
      last_line(ended),
      testing::AllOf(HasSubstr("model.safetensors could not be written to '" + out + "' after step 30"),
                     HasSubstr("File too large"), HasSubstr("free space and run `muster train " + out)));
}

}  // namespace
}  // namespace muster
