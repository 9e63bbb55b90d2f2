// Probes look and change nothing; what they see is told in every place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

Words train(const std::string& out, const Words& more) {
  Words words = {MUSTER_PROGRAM,
                 "train",
                 "--task.model",
                 "resnet8",
                 "--task.samples",
                 "256",
                 "--task.batch",
                 "8",
                 "--run.workers",
                 "2",
                 "--task.test_samples",
                 "128",
                 "--run.steps",
                 "30",
                 "--rule",
                 "constant",
                 "--schedule.base_period",
                 "4",
                 "--run.out",
                 out,
                 "--evaluation.every",
                 "0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<json> probe_lines(const std::string& folder) {
  std::vector<json> lines;
  std::ifstream metrics(folder + "/metrics.jsonl");
  for (std::string line; std::getline(metrics, line);)
    if (const json parsed = json::parse(line); parsed.contains("probe")) lines.push_back(parsed);
  return lines;
}

TEST(Probe, ARunThatIsLookedAtHasTheBitsOfOneThatIsNot) {
  const TemporaryFolder folder;
  const Ended plain = test::run(train(folder / "plain", {}));
  ASSERT_EQ(plain.code, 0) << plain.err;
  const Ended probed = test::run(
      train(folder / "probed", {"--probe",
                                "sharpness:every=3,samples=64,vectors=3,products=10;noise:samples=64,"
                                "every=2;workers:every=1;distance:every=1"}));
  ASSERT_EQ(probed.code, 0) << probed.err;
  EXPECT_EQ(read_file(folder / "plain/model.safetensors"), read_file(folder / "probed/model.safetensors"));
  EXPECT_TRUE(probe_lines(folder / "plain").empty());
  const auto lines = probe_lines(folder / "probed");
  ASSERT_EQ(lines.size(), 8U) << "a line for every round";
  EXPECT_EQ(lines[0]["step"], 4);
  EXPECT_FALSE(lines[0]["probe"].contains("largest_eigenvalue"));
  EXPECT_TRUE(lines[1]["probe"].contains("noise_scale"));
  EXPECT_TRUE(lines[2]["probe"].contains("hessian_trace_error"));
  double before = 0;
  for (const json& line : lines) {
    EXPECT_GT(line["probe"]["worker_divergence"], 0);
    EXPECT_LE(std::abs(line["probe"]["outer_gradient_cosine"].get<double>()), 1);
    EXPECT_NE(line["probe"]["distance"], before);
    before = line["probe"]["distance"];
  }
  const Ended page = test::run({MUSTER_PROGRAM, "report", folder / "probed", "--out", folder / "page.html"});
  ASSERT_EQ(page.code, 0) << page.err;
  EXPECT_THAT(read_file(folder / "page.html"), HasSubstr("Largest eigenvalue of the Hessian"));
  EXPECT_THAT(read_file(folder / "page.html"), HasSubstr("\"probe/worker_divergence\":{\"x\":[4,8"));
}

TEST(Probe, LooksAtModelsAndAtTheLineBetweenThem) {
  const TemporaryFolder folder;
  ASSERT_EQ(test::run(train(folder / "one", {})).code, 0);
  ASSERT_EQ(test::run(train(folder / "two", {"--run.steps", "10"})).code, 0);
  const std::string one = folder / "one/model.safetensors", two = folder / "two/model.safetensors";
  const Ended probed = test::run({MUSTER_PROGRAM, "probe", one, "--probe", "distance;noise:samples=64",
                                  "--line", two, "--points", "3", "--json"});
  ASSERT_EQ(probed.code, 0) << probed.err;
  const json told = json::parse(probed.out);
  EXPECT_GT(told["probe"]["distance"], 0);
  EXPECT_GT(told["probe"]["gradient_noise_trace"], 0);
  ASSERT_EQ(told["line"].size(), 3U);
  EXPECT_EQ(told["line"][1]["place"], 0.5);
  // Both ends are the models themselves, but for BatchNorm's statistics, which are estimated anew.
  for (const auto& [end, model] : {std::pair{0, one}, std::pair{2, two}}) {
    const json evaluated = json::parse(test::run({MUSTER_PROGRAM, "evaluate", model, "--json"}).out);
    EXPECT_NEAR(told["line"][end]["test_loss"], evaluated["test_loss"],
                0.05 * evaluated["test_loss"].get<double>());
  }
  EXPECT_THAT(test::run({MUSTER_PROGRAM, "probe", one, "--probe", "workers"}).err,
              HasSubstr("a model has no workers"));
  EXPECT_THAT(test::run({MUSTER_PROGRAM, "probe", one, "--line", two, "--points", "1"}).err,
              HasSubstr("--points"));
  EXPECT_THAT(test::run({MUSTER_PROGRAM, "probe"}).err, HasSubstr("MODEL"));
  EXPECT_THAT(test::run(train(folder / "x", {"--probe", "workers", "--comm.overlap", "delayed"})).err,
              HasSubstr("comm.overlap none"));
}

}  // namespace
}  // namespace muster
