// A run with a rule, an outer optimizer and a codec that the program does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "muster/engine/commands.h"
#include "muster/engine/makers.h"
#include "muster/report/metrics_file.h"
#include "tests/own_kinds/own_kinds.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(OwnKindsTraining, KindsOfOnesOwnTrain) {
  const Catalogue catalogue{test::with_own(with_makers(built_in_kinds()))};
  const test::TemporaryFolder folder;
  std::vector<std::string> words = test::own_kinds_chosen();
  for (const char* word : {"--task.name",
                           "clusters",
                           "--task.samples",
                           "256",
                           "--task.test_samples",
                           "64",
                           "--clusters.dimension",
                           "16",
                           "--hidden",
                           "8",
                           "--task.batch",
                           "8",
                           "--run.workers",
                           "2",
                           "--run.threads",
                           "1",
                           "--run.steps",
                           "12",
                           "--json",
                           "--out"})
    words.emplace_back(word);
  words.push_back(folder / "run");
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run_train(catalogue, words), 0);
  const Json summary = Json::parse(::testing::internal::GetCapturedStdout());
  EXPECT_EQ(summary.at("configuration").at("schedule").at("rule"), "doubling");
  EXPECT_EQ(summary.at("configuration").at("outer").at("stride"), 0.05);
  std::vector<int64_t> periods, bytes;
  for (const MetricsLine& line : read_metrics(folder / "run/metrics.jsonl")) {
    if (line.evaluation) continue;
    periods.push_back(line.period);
    bytes.push_back(line.bytes_per_worker);
  }
  EXPECT_THAT(periods, ElementsAre(2, 2, 4, 4));
  // Two parts of the vector and the mean of the worker's own one, a byte for each value and 4 for each
  // message.
  const auto parameters = summary.at("parameters").get<int64_t>();
  EXPECT_THAT(bytes, Each(parameters + (parameters + 1) / 2 + 3 * 4));
  EXPECT_THAT(read_file(folder / "run/config.toml"), HasSubstr("double_every = 2"));
}

}  // namespace
}  // namespace muster
