#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <thread>

#include "muster/base/error.h"
#include "muster/task/samplers/samplers.h"

namespace muster {
namespace {

using Order = std::vector<int64_t>;

std::set<int64_t> step_set(const Sampler& sampler, int64_t step, int64_t workers) {
  std::set<int64_t> all;
  for (int64_t worker = 0; worker < workers; ++worker)
    for (const int64_t sample : sampler.samples(step, worker)) EXPECT_TRUE(all.insert(sample).second);
  return all;
}

TEST(Permutation, IsAPermutationAndAFunctionOfItsKey) {
  const Order order = random_permutation(1000, {3, Purpose::data_order, 1, 0});
  EXPECT_EQ(order, random_permutation(1000, {3, Purpose::data_order, 1, 0}));
  EXPECT_NE(order, random_permutation(1000, {3, Purpose::data_order, 2, 0}));
  Order sorted = order;
  std::sort(sorted.begin(), sorted.end());
  Order expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(sorted, expected);
  EXPECT_TRUE(random_permutation(0, {}).empty());
}

TEST(Permutation, IsUniform) {
  std::vector<int> counts(6);
  for (uint64_t key = 0; key < 6000; ++key) {
    const Order order = random_permutation(3, {0, Purpose::data_order, key, 0});
    ++counts[static_cast<size_t>(order[0] * 2 + (order[1] > order[2] ? 1 : 0))];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);  // 5 standard deviations
}

TEST(Permutation, CacheForgetsAndMakesAgain) {
  PermutationCache cache(2);
  const auto key = [](uint64_t epoch) { return RandomKey{1, Purpose::data_order, epoch, 0}; };
  const auto first = cache.get(50, key(0));
  EXPECT_EQ(cache.get(50, key(0)), first) << "the same object";
  cache.get(50, key(1));
  cache.get(50, key(2));
  EXPECT_NE(cache.get(50, key(0)), first);
  EXPECT_EQ(*cache.get(50, key(0)), *first);
}

TEST(PermutationSampler, DealsOnePermutationPerEpochInTurn) {
  constexpr int64_t samples = 107, workers = 3, batch = 5;
  const PermutationSampler sampler({samples, workers, batch, 11});
  ASSERT_EQ(sampler.steps_per_epoch(), 7);
  for (const int64_t epoch : {0, 1, 4}) {
    const Order order =
        random_permutation(samples, {11, Purpose::data_order, static_cast<uint64_t>(epoch), 0});
    for (int64_t worker = 0; worker < workers; ++worker) {
      Order seen, expected;
      for (int64_t step = 0; step < 7; ++step)
        for (const int64_t sample : sampler.samples(epoch * 7 + step, worker)) seen.push_back(sample);
      for (size_t place = static_cast<size_t>(worker); place < 105; place += workers)
        expected.push_back(order[place]);
      EXPECT_EQ(seen, expected);
    }
  }
}

TEST(PermutationSampler, WorkersPartTheEpochAndDropTheRest) {
  const PermutationSampler sampler({107, 3, 5, 2});
  std::set<int64_t> epoch;
  for (int64_t step = 0; step < 7; ++step)
    for (const int64_t sample : step_set(sampler, step, 3)) EXPECT_TRUE(epoch.insert(sample).second);
  EXPECT_EQ(epoch.size(), 105U);
  EXPECT_GE(*epoch.begin(), 0);
  EXPECT_LT(*epoch.rbegin(), 107);
}

TEST(PermutationSampler, ManyWorkersSeeWhatOneWithTheLargerBatchSees) {
  const PermutationSampler many({200, 4, 6, 9}), one({200, 1, 24, 9});
  ASSERT_EQ(many.steps_per_epoch(), one.steps_per_epoch());
  for (int64_t step = 0; step < 20; ++step) EXPECT_EQ(step_set(many, step, 4), step_set(one, step, 1));
}

TEST(PermutationSampler, IsSafeForThreadsInDifferentEpochs) {
  const PermutationSampler shared({64, 4, 4, 5});
  std::vector<std::vector<Order>> seen(4);
  std::vector<std::thread> threads;
  for (int64_t worker = 0; worker < 4; ++worker)
    threads.emplace_back([&, worker] {
      for (int64_t i = 0; i < 200; ++i)
        seen[static_cast<size_t>(worker)].push_back(shared.samples((i * (worker + 1)) % 97, worker));
    });
  for (auto& thread : threads) thread.join();
  for (int64_t worker = 0; worker < 4; ++worker)
    for (int64_t i = 0; i < 200; ++i) {
      const PermutationSampler fresh({64, 4, 4, 5});
      ASSERT_EQ(seen[static_cast<size_t>(worker)][static_cast<size_t>(i)],
                fresh.samples((i * (worker + 1)) % 97, worker));
    }
}

TEST(ReplacementSampler, DrawsUniformlyAndIndependently) {
  const ReplacementSampler sampler({20, 2, 10, 3});
  EXPECT_EQ(sampler.steps_per_epoch(), 1);
  EXPECT_EQ(sampler.samples(5, 1), sampler.samples(5, 1));
  EXPECT_NE(sampler.samples(5, 1), sampler.samples(5, 0));
  EXPECT_NE(sampler.samples(5, 1), sampler.samples(6, 1));
  std::vector<int> counts(20);
  bool repeated = false;
  for (int64_t step = 0; step < 1000; ++step) {
    const Order chosen = sampler.samples(step, 0);
    repeated = repeated || std::set<int64_t>(chosen.begin(), chosen.end()).size() < chosen.size();
    for (const int64_t sample : chosen) ++counts.at(static_cast<size_t>(sample));
  }
  EXPECT_TRUE(repeated);
  for (const int count : counts) EXPECT_NEAR(count, 500, 110);  // 5 standard deviations
}

TEST(ShardSampler, EveryWorkerKeepsItsOwnSamples) {
  constexpr int64_t workers = 3;
  const ShardSampler sampler({62, workers, 5, 8});  // shards of 20, 4 steps
  ASSERT_EQ(sampler.steps_per_epoch(), 4);
  std::set<int64_t> all;
  for (int64_t worker = 0; worker < workers; ++worker) {
    std::set<int64_t> shard;
    std::vector<Order> orders(2);
    for (int64_t step = 0; step < 8; ++step)
      for (const int64_t sample : sampler.samples(step, worker)) {
        shard.insert(sample);
        orders[static_cast<size_t>(step / 4)].push_back(sample);
      }
    EXPECT_EQ(shard.size(), 20U) << "two epochs of the same 20 samples";
    EXPECT_NE(orders[0], orders[1]);
    for (const int64_t sample : shard) EXPECT_TRUE(all.insert(sample).second) << "shared between workers";
  }
  EXPECT_EQ(all.size(), 60U);
}

TEST(Samplers, RefuseMoreThanTheDataHolds) {
  try {
    const PermutationSampler sampler({100, 4, 26, 0});
    FAIL() << "accepted 4 x 26 of 100 samples";
  } catch (const OptionError& error) {
    EXPECT_EQ(std::string(error.what()),
              "task.batch = 26: 4 workers need 4 times as many samples for one step, the data has 100; use "
              "at most 25");
  }
  EXPECT_NO_THROW(PermutationSampler({100, 4, 25, 0}));
  EXPECT_THROW(ReplacementSampler({100, 0, 1, 0}), OptionError);
  EXPECT_THROW(ShardSampler({100, 4, 0, 0}), OptionError);
  EXPECT_THROW(ShardSampler({3, 4, 1, 0}), OptionError);
  EXPECT_THROW(ShardSampler({100, int64_t{1} << 62, int64_t{1} << 62, 0}), OptionError);
  const PermutationSampler sampler({100, 4, 25, 0});
  EXPECT_THROW(sampler.samples(-1, 0), Bug);
  EXPECT_THROW(sampler.samples(0, 4), Bug);
}

}  // namespace
}  // namespace muster
