// The settings that --tune finds: the best of a grid, never on its edge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/app/reproduce/claim_files.h"
#include "muster/app/reproduce/reproduction_tune.h"
#include "muster/app/reproduce/tuned_settings.h"
#include "muster/base/error.h"

namespace muster {
namespace {

using testing::HasSubstr;

TunedArm arm(double value, std::vector<double> means) {
  return {"naive",          "async.learning_rate", value,      {0.1, 0.2, 0.4},
          std::move(means), {0.01, 0.01, 0.01},    {101, 102}, false};
}

std::string problem_of(const TunedArm& tuned) {
  try {
    parse_tuned(tuned_text({tuned}), "settings.toml");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TunedSettings, AreReadAsTheyWereWritten) {
  const TunedArm inside = arm(0.2, {3, 1, std::numeric_limits<double>::infinity()});
  const std::vector<TunedArm> read = parse_tuned(tuned_text({inside}), "settings.toml");
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].value, 0.2);
  EXPECT_EQ(read[0].grid, inside.grid);
  EXPECT_EQ(read[0].means, inside.means);
  EXPECT_EQ(read[0].seeds, inside.seeds);
}

TEST(TunedSettings, OnTheEdgeOfTheGridAreRefused) {
  EXPECT_THAT(problem_of(arm(0.1, {1, 2, 3})), HasSubstr("edge of its grid"));
  EXPECT_THAT(problem_of(arm(0.4, {3, 2, 1})), HasSubstr("edge of its grid"));
  EXPECT_THAT(problem_of(arm(0.4, {3, 1, 2})), HasSubstr("the best of its grid is 0.2"));
}

TEST(TunedSettings, TheGridGrowsOverTheEdgeThatTheBestLiesOn) {
  EXPECT_EQ(extended_grid(arm(0.1, {1, 2, 3})), (std::vector<double>{0.05, 0.1, 0.2, 0.4}));
  EXPECT_EQ(extended_grid(arm(0.4, {3, 2, 1})), (std::vector<double>{0.1, 0.2, 0.4, 0.8}));
  EXPECT_TRUE(extended_grid(arm(0.2, {3, 1, 2})).empty());
}

TEST(TunedSettings, AValueThatDivergesIsTheWorst) {
  const TuneArm tune{"naive",    "study teacher --seed {seed} --learning-rate {value}",
                     "rate",     {0.1, 0.2, 0.4},
                     {101, 102}, "/loss",
                     false,      1};
  ReproduceRequest request;
  FinishedCommands finished;
  double loss = 3;
  for (const double value : tune.grid)
    for (const PlannedCommand& command : tune_commands(tune, {value}, request)) {
      finished[command.name] = value == 0.4
                                   ? FinishedCommand{1, "", "it diverged"}
                                   : FinishedCommand{1, "{\"loss\": " + std::to_string(loss) + "}", ""};
      loss -= 0.5;
    }
  const TunedArm found = tuned_arm(tune, tune.grid, finished, request);
  EXPECT_EQ(found.value, 0.2);
  EXPECT_EQ(found.means[0], 2.75);
  EXPECT_TRUE(std::isinf(found.means[2]));
}

TEST(TunedSettings, OfTheProgramAreInsideTheirGridsAndOfOtherSeeds) {
  const std::vector<ClaimFile> files = load_claims(std::nullopt);
  for (const TunedArm& tuned : load_tuned(std::nullopt)) EXPECT_TRUE(is_inside(tuned)) << tuned.name;
  for (const ClaimFile& file : files)
    for (const TuneArm& tune : file.tunes)
      for (const ClaimRun& run : file.runs) {
        if (run.words.find("{tuned:" + tune.name + "}") == std::string::npos) continue;
        for (const int64_t seed : tune.seeds)
          EXPECT_EQ(std::count(run.seeds.begin(), run.seeds.end(), seed), 0) << run.name;
      }
}

}  // namespace
}  // namespace muster
