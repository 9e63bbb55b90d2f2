#include <gtest/gtest.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/learning_rate.h"
#include "muster/schedule/shard_steps.h"

namespace muster {
namespace {

using Steps = std::vector<int64_t>;

TEST(ShardSteps, FollowTheRuleOfSampling) {
  const ShardSamplingOptions progress{ShardRule::progress, {100, 300, 600}};
  EXPECT_EQ(expected_shard_steps(progress, 1000), (Steps{100, 300, 600}));
  EXPECT_EQ(expected_shard_steps(progress, 1001), (Steps{101, 301, 601}));  // rounded up
  const ShardSamplingOptions visited{ShardRule::least_visited, {100, 300, 600}};
  EXPECT_EQ(expected_shard_steps(visited, 1000), (Steps{334, 334, 334}));
  const ShardSamplingOptions fixed{ShardRule::fixed, {100, 300}};
  EXPECT_EQ(expected_shard_steps(fixed, 1000), (Steps{500, 500}));
  EXPECT_EQ(expected_shard_steps(fixed, 1000, {3, 1}), (Steps{750, 250}));
  EXPECT_EQ(expected_shard_steps(fixed, 1000, {1, 1, 2}), (Steps{750, 250}));  // workers 0 and 2 share one
  EXPECT_EQ(expected_shard_steps(fixed, 1000, {1}), (Steps{1000, 1})) << "nobody's has a length too";
  EXPECT_EQ(expected_shard_steps(progress, 1000, {3, 1}), expected_shard_steps(progress, 1000));
  EXPECT_EQ(expected_shard_steps({ShardRule::progress, {1, 1'000'000}}, 10), (Steps{1, 10}));
  const int64_t large = int64_t{1} << 40;
  EXPECT_EQ(expected_shard_steps({ShardRule::progress, {large, large}}, large),
            (Steps{large / 2, large / 2}));
  EXPECT_THROW(expected_shard_steps({ShardRule::progress, {1, 0}}, 10), OptionError);
}

/// Steps that each shard has handed out when the run's are done, by workers that always start again at once.
Steps handed_out(const DispatchOptions& options, const std::vector<double>& seconds, int64_t total_steps) {
  Dispatcher dispatcher(options);
  const auto workers = static_cast<int64_t>(seconds.size());
  std::vector<double> ends(seconds.size(), 0);
  for (int64_t worker = 0; worker < workers; ++worker)
    dispatcher.join(worker, 0, seconds[static_cast<size_t>(worker)]);
  dispatcher.release(0);
  const auto set_end = [&](int64_t worker, double from) {
    ends[static_cast<size_t>(worker)] =
        from + seconds[static_cast<size_t>(worker)] *
                   static_cast<double>(dispatcher.open_assignment(worker)->local_steps);
  };
  for (int64_t worker = 0; worker < workers; ++worker) set_end(worker, 0);
  while (dispatcher.local_steps_done() < total_steps) {
    const auto first = std::min_element(ends.begin(), ends.end());
    const int64_t worker = first - ends.begin();
    dispatcher.arrive(worker, *first, dispatcher.open_assignment(worker)->local_steps, 0);
    dispatcher.release(0);
    set_end(worker, *first);
  }
  Steps steps;
  for (size_t shard = 0; shard < options.sampling.sizes.size(); ++shard)
    steps.push_back(dispatcher.shard_steps(static_cast<int64_t>(shard)));
  return steps;
}

// Eq. 3: each shard's decay is over when the run is, whatever the shards' sizes and the devices' speeds.
TEST(ShardSteps, EveryShardsDecayEnds) {
  const std::vector<double> seconds = {0.58, 0.75, 1.51, 3.33};
  std::vector<double> speeds;
  for (const double each : seconds) speeds.push_back(1 / each);
  constexpr int64_t total = 40'000;
  for (const ShardRule rule : {ShardRule::progress, ShardRule::least_visited, ShardRule::fixed})
    for (const bool dynamic : {false, true}) {
      DispatchOptions options;
      options.local_steps = {20, dynamic, 1};
      options.sampling = {rule, {1000, 4000, 8000, 20'000}};
      options.seed = 3;
      const Steps handed = handed_out(options, seconds, total);
      const Steps expected = expected_shard_steps(options.sampling, total, speeds);
      for (size_t shard = 0; shard < handed.size(); ++shard) {
        const LearningRate rate({.peak = 0.1, .final = 1e-6, .warmup_steps = 10}, expected[shard]);
        EXPECT_NEAR(static_cast<double>(handed[shard]) / static_cast<double>(expected[shard]), 1, 0.1)
            << static_cast<int>(rule) << " " << dynamic << " " << shard;
        EXPECT_LT(rate.at(handed[shard] - 1), 0.1 * 0.03) << static_cast<int>(rule) << " " << shard;
      }
    }
}

}  // namespace
}  // namespace muster
