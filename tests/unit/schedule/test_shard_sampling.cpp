#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/schedule/progress_sampling.h"

namespace muster {
namespace {

RandomStream stream_at(uint64_t place) {
  return RandomStream({.seed = 3, .purpose = Purpose::test, .a = place, .b = 0});
}

/// Eq. 2 by the book.
std::vector<double> probabilities(const std::vector<int64_t>& sizes, const std::vector<int64_t>& steps) {
  double all_sizes = 0, all_steps = 0, sum = 0;
  for (const int64_t size : sizes) all_sizes += static_cast<double>(size);
  for (const int64_t step : steps) all_steps += static_cast<double>(step);
  std::vector<double> p(sizes.size(), 1);
  if (all_steps > 0)
    for (size_t i = 0; i < p.size(); ++i) {
      p[i] = std::max(static_cast<double>(sizes[i]) / all_sizes - static_cast<double>(steps[i]) / all_steps,
                      0.0);
      if (p[i] < 1e-12) p[i] = 0;
    }
  for (const double weight : p) sum += weight;
  for (double& weight : p) weight = sum > 0 ? weight / sum : 1.0 / static_cast<double>(p.size());
  return p;
}

TEST(ShardSampling, ByProgressDrawsByEquationTwo) {
  const std::vector<int64_t> sizes = {300, 100, 700, 100, 500};
  ProgressSampling sampling(sizes);
  for (uint64_t choice = 0; choice < 400; ++choice) {
    std::vector<int64_t> steps;
    for (int64_t shard = 0; shard < 5; ++shard) steps.push_back(sampling.steps(shard));
    const std::vector<double> expected = probabilities(sizes, steps);
    // The uniform number that the stream will give falls into the chosen shard's stretch.
    const double u = stream_at(choice).uniform();
    const bool vanish = *std::max_element(expected.begin(), expected.end()) ==
                        *std::min_element(expected.begin(), expected.end());
    RandomStream stream = stream_at(choice);
    const auto chosen = static_cast<size_t>(sampling.choose(0, choice % 3 + 1, stream));
    ASSERT_GT(expected[chosen], 0);
    if (vanish) continue;
    double before = 0;
    for (size_t i = 0; i < chosen; ++i) before += expected[i];
    EXPECT_GE(u, before - 1e-9);
    EXPECT_LT(u, before + expected[chosen] + 1e-9);
  }
}

TEST(ShardSampling, ByProgressKeepsAllShardsAlong) {
  const std::vector<int64_t> sizes = {1000, 1000, 2000, 4000};
  ProgressSampling sampling(sizes);
  for (uint64_t choice = 0; choice < 4000; ++choice) {
    RandomStream stream = stream_at(choice);
    sampling.choose(0, 10, stream);
  }
  for (int64_t shard = 0; shard < 4; ++shard)
    EXPECT_NEAR(static_cast<double>(sampling.steps(shard)) / 40000,
                static_cast<double>(sizes[static_cast<size_t>(shard)]) / 8000, 0.002);
}

TEST(ShardSampling, ByProgressHoldsForManyShards) {
  ProgressSampling sampling(std::vector<int64_t>(1000, 1));
  for (uint64_t choice = 0; choice < 50000; ++choice) {
    RandomStream stream = stream_at(choice);
    sampling.choose(0, 1, stream);
  }
  int64_t least = 1000, most = 0;
  for (int64_t shard = 0; shard < 1000; ++shard) {
    least = std::min(least, sampling.steps(shard));
    most = std::max(most, sampling.steps(shard));
  }
  EXPECT_GE(least, 40);
  EXPECT_LE(most, 52) << "only shards behind the mean are chosen";
}

TEST(ShardSampling, LeastVisitedTakesEachOnceATurn) {
  const auto sampling = make_shard_sampling({ShardRule::least_visited, std::vector<int64_t>(6, 10)});
  std::vector<std::vector<int64_t>> turns;
  for (uint64_t turn = 0; turn < 20; ++turn) {
    std::vector<int64_t> chosen;
    for (uint64_t i = 0; i < 6; ++i) {
      RandomStream stream = stream_at(turn * 6 + i);
      chosen.push_back(sampling->choose(0, 5, stream));
    }
    turns.push_back(chosen);
    std::sort(chosen.begin(), chosen.end());
    EXPECT_EQ(chosen, (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  }
  EXPECT_NE(turns[0], turns[1]) << "in another order each time";
}

TEST(ShardSampling, FixedIsTheWorkersOwn) {
  const auto sampling = make_shard_sampling({ShardRule::fixed, {1, 1, 1}});
  RandomStream stream = stream_at(0);
  for (int64_t worker = 0; worker < 9; ++worker) EXPECT_EQ(sampling->choose(worker, 5, stream), worker % 3);
}

TEST(ShardSampling, EmptyShardsAreRefused) {
  EXPECT_THROW(make_shard_sampling({ShardRule::progress, {}}), OptionError);
  EXPECT_THROW(make_shard_sampling({ShardRule::progress, {4, 0}}), OptionError);
}

}  // namespace
}  // namespace muster
