#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "muster/base/error.h"
#include "muster/task/samplers/dirichlet.h"
#include "muster/task/samplers/partition.h"
#include "muster/task/samplers/samplers.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

// Classes 0 ... classes - 1 in turn.
std::vector<int64_t> classes_in_turn(int64_t samples, int64_t classes) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < samples; ++i) labels.push_back(i % classes);
  return labels;
}

void expect_every_sample_once(const Partition& parts, size_t samples) {
  std::vector<int64_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  std::vector<int64_t> wanted(samples);
  std::iota(wanted.begin(), wanted.end(), 0);
  EXPECT_EQ(all, wanted);
}

TEST(Dirichlet, GammaHasItsMeanAndVarianceForEveryShape) {
  for (const double shape : {0.05, 0.5, 1.0, 3.7, 100.0}) {
    RandomStream stream({1, Purpose::test, 0, 0});
    constexpr int draws = 40000;
    double sum = 0, squares = 0;
    for (int i = 0; i < draws; ++i) {
      const double x = std::exp(log_gamma_variate(shape, stream));
      sum += x;
      squares += x * x;
    }
    const double mean = sum / draws, variance = squares / draws - mean * mean;
    EXPECT_NEAR(mean, shape, 5 * std::sqrt(shape / draws));
    // Of the fourth central moment, 3 shape^2 + 6 shape.
    EXPECT_NEAR(variance, shape, 5 * std::sqrt((2 * shape * shape + 6 * shape) / draws)) << shape;
  }
}

// Share of one part: mean 1/K, variance (1/K)(1 - 1/K)/(K alpha + 1).
TEST(Dirichlet, SharesHaveTheirMeanAndVariance) {
  for (const double alpha : {0.001, 0.1, 1.0, 10.0, 1e6})
    for (const int64_t parts : {2, 5}) {
      RandomStream stream({2, Purpose::test, 0, 0});
      constexpr int draws = 8000;
      const double mean = 1.0 / static_cast<double>(parts);
      const double variance = mean * (1 - mean) / (static_cast<double>(parts) * alpha + 1);
      double sum = 0, squares = 0;
      for (int i = 0; i < draws; ++i) {
        const auto shares = dirichlet_variate(alpha, parts, stream);
        ASSERT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-12);
        sum += shares[0];
        squares += (shares[0] - mean) * (shares[0] - mean);
      }
      EXPECT_NEAR(sum / draws, mean, 5 * std::sqrt(variance / draws) + 1e-9) << alpha;
      EXPECT_NEAR(squares / draws, variance, 0.15 * variance) << alpha;
    }
}

TEST(Partition, ByClassGivesEqualPartsOfFewClasses) {
  const auto classes = classes_in_turn(103, 10);
  const Partition parts = split_by_class(classes, 5, 1);
  expect_every_sample_once(parts, 103);
  for (const auto& part : parts) {
    EXPECT_GE(part.size(), 20U);
    EXPECT_LE(part.size(), 21U);
    std::set<int64_t> seen;
    for (const int64_t sample : part) seen.insert(classes[static_cast<size_t>(sample)]);
    EXPECT_LE(seen.size(), 3U);
  }
  EXPECT_EQ(parts, split_by_class(classes, 5, 1));
  EXPECT_NE(parts, split_by_class(classes, 5, 2));
}

TEST(Partition, DirichletGivesEverySampleToOneWorker) {
  const auto classes = classes_in_turn(1000, 10);
  for (const double alpha : {0.05, 0.5, 1000.0}) {
    const DirichletSplit options{.workers = 4, .alpha = alpha, .at_least = 10, .seed = 3};
    const Partition parts = split_dirichlet(classes, options);
    expect_every_sample_once(parts, 1000);
    for (const auto& part : parts) EXPECT_GE(part.size(), 10U);
    EXPECT_EQ(parts, split_dirichlet(classes, options));
  }
}

// Over many seeds, the share of a class that a worker gets has the mean and variance of Dirichlet(alpha).
TEST(Partition, DirichletSharesOfClassesAreDirichlet) {
  constexpr int64_t workers = 4, per_class = 400;
  const auto classes = classes_in_turn(per_class * 5, 5);
  for (const double alpha : {0.2, 2.0}) {
    const double mean = 1.0 / workers, variance = mean * (1 - mean) / (workers * alpha + 1);
    double sum = 0, squares = 0;
    int64_t shares = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      const Partition parts =
          split_dirichlet(classes, {.workers = workers, .alpha = alpha, .at_least = 0, .seed = seed});
      for (int64_t label = 0; label < 5; ++label, ++shares) {
        const double share = static_cast<double>(std::count_if(
                                 parts[1].begin(), parts[1].end(),
                                 [&](int64_t s) { return classes[static_cast<size_t>(s)] == label; })) /
                             per_class;
        sum += share;
        squares += (share - mean) * (share - mean);
      }
    }
    const auto count = static_cast<double>(shares);
    EXPECT_NEAR(sum / count, mean, 4 * std::sqrt(variance / count)) << alpha;
    EXPECT_NEAR(squares / count, variance, 0.2 * variance) << alpha;
  }
}

TEST(Partition, DirichletDrawsAgainAndThenSaysWhatToChange) {
  const auto classes = classes_in_turn(100, 2);
  const auto smallest = [](const Partition& parts) {
    return std::min_element(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.size() < b.size(); })
        ->size();
  };
  uint64_t seed = 0;  // whose first draw leaves a worker with less than 10
  while (smallest(split_dirichlet(classes, {.workers = 4, .alpha = 0.5, .at_least = 0, .seed = seed})) >= 10)
    ++seed;
  EXPECT_GE(smallest(split_dirichlet(classes, {.workers = 4, .alpha = 0.5, .at_least = 10, .seed = seed})),
            10U);
  try {
    split_dirichlet(classes, {.workers = 20, .alpha = 0.001, .at_least = 5, .seed = 1});
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("task.dirichlet_alpha = 0.001: "));
    EXPECT_THAT(error.what(), HasSubstr("worker "));
    EXPECT_THAT(error.what(), HasSubstr("use a larger alpha, fewer workers or a smaller batch"));
  }
}

TEST(Partition, ByGroupKeepsGroupsWholeAndBalancesThem) {
  std::vector<int64_t> documents;
  for (const auto& [document, samples] : {std::pair{0, 50}, {1, 9}, {2, 30}, {3, 21}, {4, 40}, {5, 10}})
    documents.insert(documents.end(), static_cast<size_t>(samples), document);
  const Partition parts = split_by_group(documents, 3);
  expect_every_sample_once(parts, 160);
  std::vector<size_t> sizes;
  std::vector<int> owner(6, -1);
  for (size_t worker = 0; worker < 3; ++worker) {
    sizes.push_back(parts[worker].size());
    for (const int64_t sample : parts[worker]) {
      int& of = owner[static_cast<size_t>(documents[static_cast<size_t>(sample)])];
      EXPECT_TRUE(of == -1 || of == static_cast<int>(worker)) << "a document in two parts";
      of = static_cast<int>(worker);
    }
  }
  EXPECT_THAT(sizes, ::testing::UnorderedElementsAre(59, 50, 51));  // 50 + 9; 40 + 10; 30 + 21
  EXPECT_THROW(split_by_group(documents, 7), OptionError);
}

TEST(PartitionSampler, EveryWorkerCyclesThroughItsOwnPart) {
  const Partition parts = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13, 14}};
  const PartitionSampler sampler({15, 2, 2, 1}, parts);
  EXPECT_EQ(sampler.steps_per_epoch(), 3);
  for (const auto& [worker, per_pass] : {std::pair{0, 5}, {1, 2}}) {
    std::vector<std::vector<int64_t>> passes(4);
    for (int64_t step = 0; step < 4 * per_pass; ++step) {
      EXPECT_EQ(sampler.pass(step, worker), step / per_pass);
      for (const int64_t sample : sampler.samples(step, worker))
        passes[static_cast<size_t>(step / per_pass)].push_back(sample);
    }
    for (const auto& pass : passes) {
      EXPECT_EQ(std::set<int64_t>(pass.begin(), pass.end()).size(), pass.size()) << "twice in a pass";
      for (const int64_t sample : pass) EXPECT_EQ(sample >= 10, worker == 1);
    }
    EXPECT_TRUE(passes[0] != passes[1] || passes[1] != passes[2]);
  }
}

TEST(PartitionSampler, RefusesAPartSmallerThanABatch) {
  try {
    const PartitionSampler sampler({12, 2, 4, 1}, {{0, 1, 2, 3, 4, 5, 6, 7, 8}, {9, 10, 11}});
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_STREQ(
        error.what(),
        "task.batch = 4: worker 1 owns only 3 samples in this split; use a smaller batch, fewer workers or "
        "another sampler");
  }
}

}  // namespace
}  // namespace muster
