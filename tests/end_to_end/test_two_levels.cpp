// Groups of workers that meet within a round, over one process and several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using Words = std::vector<std::string>;

/// A run of 20 steps, in rounds of 7, whose files go to `out`.
Words train(const std::string& out, const Words& more) {
  Words words = {"train",    "--task.model",
                 "mlp",      "--task.hidden",
                 "16",       "--run.steps",
                 "20",       "--run.out",
                 out,        "--run.threads",
                 "1",        "--schedule.rule",
                 "constant", "--schedule.base_period",
                 "7",        "--task.samples",
                 "512",      "--task.batch",
                 "8",        "--checkpoint.every",
                 "4"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Ended run(int processes, const Words& command) {
  Words words = {MUSTER_PROGRAM};
  if (processes > 1) words.insert(words.end(), {"launch", "-n", std::to_string(processes), "--"});
  words.insert(words.end(), command.begin(), command.end());
  if (processes > 1) words.insert(words.end(), {"--comm.interface", "lo"});
  return test::run(words);
}

/// The numbers of a safetensors file of floats, tensor by tensor in the order of the file.
std::vector<float> model(const std::string& folder) {
  const std::string bytes = read_file(folder + "/model.safetensors");
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const size_t begin = sizeof header + header;
  std::vector<float> values((bytes.size() - begin) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + begin, values.size() * sizeof(float));
  return values;
}

double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double distance = 0, norm = 0;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    distance += std::pow(double{a[i]} - double{b[i]}, 2);
    norm += std::pow(double{b[i]}, 2);
  }
  EXPECT_GT(norm, 0);
  return std::sqrt(distance / norm);
}

TEST(TwoLevels, FourProcessesInGroupsOfTwoEqualFourWorkersInOne) {
  const TemporaryFolder folder;
  for (const std::string period : {"1", "2"}) {
    const Words groups = {"--comm.group_size", "2", "--comm.inner_period", period};
    Words one = groups;
    one.insert(one.end(), {"--run.workers", "4"});
    const std::string name = folder / period;
    const Ended alone = run(1, train(name + "one", one));
    ASSERT_EQ(alone.code, 0) << alone.err;
    const Ended apart = run(4, train(name + "four", groups));
    ASSERT_EQ(apart.code, 0) << apart.err;
    EXPECT_LT(relative_difference(model(name + "four"), model(name + "one")), 1e-5);
    const auto summary = nlohmann::json::parse(read_file(name + "four/summary.json"));
    const int64_t bytes = 4 * summary["parameters"].get<int64_t>();
    EXPECT_EQ(summary["bytes_per_worker"], 3 * bytes);
    EXPECT_EQ(summary["inner_bytes_per_worker"], (period == "1" ? 20 : 3 + 3 + 2) * bytes);
  }
}

TEST(TwoLevels, GroupsOfWholeProcessesAndPartsOfThem) {
  const TemporaryFolder folder;
  for (const std::string size : {"2", "4"}) {
    const Words groups = {"--comm.group_size", size, "--run.workers", "8"};
    ASSERT_EQ(run(1, train(folder / size, groups)).code, 0);
    const Ended apart = run(4, train(folder / size + "apart", groups));  // 2 workers each
    ASSERT_EQ(apart.code, 0) << apart.err;
    EXPECT_LT(relative_difference(model(folder / size + "apart"), model(folder / size)), 1e-5);
  }
}

TEST(TwoLevels, TwoGroupsOfTwoEqualTwoWorkersOfTwiceTheBatch) {
  const TemporaryFolder folder;
  ASSERT_EQ(run(1, train(folder / "groups", {"--run.workers", "4", "--comm.group_size", "2"})).code, 0);
  ASSERT_EQ(run(1, train(folder / "large", {"--run.workers", "2", "--task.batch", "16"})).code, 0);
  EXPECT_LT(relative_difference(model(folder / "groups"), model(folder / "large")), 1e-5);
  EXPECT_FALSE(
      nlohmann::json::parse(read_file(folder / "large/summary.json")).contains("inner_bytes_per_worker"));
}

// The newest checkpoint is made to be that of step 16: 2 steps into a round, where the groups meet.
TEST(TwoLevels, ARunResumedInsideARoundEndsWithTheSameBits) {
  const TemporaryFolder folder;
  const Words groups = {"--comm.group_size", "2", "--comm.inner_period", "2", "--checkpoint.keep", "10"};
  ASSERT_EQ(run(4, train(folder / "run", groups)).code, 0);
  const std::vector<float> whole = model(folder / "run");
  std::filesystem::remove(folder / "run/summary.json");
  std::filesystem::remove(folder / "run/model.safetensors");
  int64_t removed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "run/checkpoints")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && std::stoll(name.substr(5)) > 16)
      removed += static_cast<int64_t>(std::filesystem::remove_all(entry.path()) > 0);
  }
  EXPECT_EQ(removed, 1);
  Words again = groups;
  again.push_back("--run.resume");
  const Ended resumed = run(4, train(folder / "run", again));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, testing::HasSubstr("(step 16)"));
  EXPECT_EQ(model(folder / "run"), whole);
}

TEST(TwoLevels, GroupsThatDoNotFitAreRefused) {
  const TemporaryFolder folder;
  test::expect_one_line_error(run(1, train(folder / "no", {"--run.workers", "4", "--comm.group_size", "3"})),
                              {"comm.group_size = 3", "take one of 1, 2, 4"});
}

}  // namespace
}  // namespace muster
