#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/local_mean.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

std::vector<Vector> normal_replicas(size_t count, int64_t size, ElementType type) {
  std::vector<Vector> replicas;
  for (uint64_t k = 0; k < count; ++k) {
    RandomStream stream({.seed = 8, .purpose = Purpose::test, .a = k, .b = 0});
    const Vector drawn = flat_vector(size, ElementType::float64);
    for (int64_t i = 0; i < size; ++i) drawn.data<double>()[i] = 1 + stream.normal();
    replicas.push_back(type == ElementType::float64 ? drawn : as_float32(drawn));
  }
  return replicas;
}

std::vector<Vector> copies(const std::vector<Vector>& vectors) {
  std::vector<Vector> all;
  for (const Vector& vector : vectors) all.push_back(vector.copy());
  return all;
}

Vector serial_mean(const std::vector<Vector>& replicas) {
  Vector sum = replicas[0].copy();
  for (size_t k = 1; k < replicas.size(); ++k) add(sum, replicas[k]);
  divide(sum, static_cast<double>(replicas.size()));
  return sum;
}

double divergence_in_double(const std::vector<Vector>& replicas, const Vector& mean) {
  double total = 0;
  for (const Vector& replica : replicas)
    for (int64_t i = 0; i < mean.size(); ++i)
      total += std::pow(test::value_at(replica, i) - test::value_at(mean, i), 2);
  return total / static_cast<double>(replicas.size());
}

Vector constant(int64_t size, ElementType type, double value) {
  Vector vector = uninitialised_vector(size, type);
  fill(vector, value);
  return vector;
}

constexpr int64_t sizes[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 70'001};

TEST(LocalMean, IsTheSerialMeanToTheBit) {
  ThreadPool pool(2);
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const size_t count : {1U, 2U, 3U, 4U, 5U, 16U})
      for (const int64_t size : sizes)
        for (const bool measure : {false, true})
          for (const bool write_back : {false, true}) {
            SCOPED_TRACE(::testing::Message()
                         << name_of(type) << " K " << count << " size " << size << measure << write_back);
            const auto original = normal_replicas(count, size, type), replicas = copies(original);
            const Vector mean = flat_vector(size, type), expected = serial_mean(original);
            const auto divergence = local_mean(replicas, mean, {measure, write_back}, pool);
            EXPECT_TRUE(same_bits(mean, expected));
            for (size_t k = 0; k < count; ++k)
              EXPECT_TRUE(same_bits(replicas[k], write_back ? expected : original[k]));
            ASSERT_EQ(divergence.has_value(), measure);
            const double exact = divergence_in_double(original, expected);
            if (!measure) continue;
            EXPECT_NEAR(*divergence, exact, (type == ElementType::float32 ? 1e-6 : 1e-13) * exact);
            EXPECT_EQ(mean_squared_distance(original, mean, pool), *divergence);
          }
}

TEST(LocalMean, NeedsNoPlaceForTheMean) {
  ThreadPool pool(1);
  const auto replicas = normal_replicas(3, 5000, ElementType::float32);
  const Vector expected = serial_mean(replicas);
  local_mean(replicas, {}, {}, pool);
  for (const Vector& replica : replicas) EXPECT_TRUE(same_bits(replica, expected));
}

TEST(LocalMean, NoBitDependsOnTheNumberOfThreads) {
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    std::vector<Vector> means;
    std::vector<double> divergences;
    for (const int threads : {1, 2, 3, 4, 7}) {
      ThreadPool pool(threads);
      const auto replicas = normal_replicas(5, 200'003, type);
      means.push_back(flat_vector(200'003, type));
      divergences.push_back(*local_mean(replicas, means.back(), {true, true}, pool));
    }
    for (size_t i = 1; i < means.size(); ++i) {
      EXPECT_TRUE(same_bits(means[i], means[0]));
      EXPECT_EQ(divergences[i], divergences[0]);
    }
  }
}

TEST(LocalMean, OneReplicaKeepsEveryBit) {
  ThreadPool pool(2);
  const Vector replica = flat_vector(100), mean = flat_vector(100);
  float* const values = replica.data<float>();
  const float odd[] = {-0.0F, 1e-45F, -1e-45F, INFINITY, std::nanf("77"), 3.4e38F};
  std::copy(std::begin(odd), std::end(odd), values);
  const Vector before = replica.copy();
  EXPECT_EQ(*local_mean({replica}, mean, {true, true}, pool), 0);
  EXPECT_TRUE(same_bits(replica, before));
  EXPECT_TRUE(same_bits(mean, before));
}

TEST(LocalMean, EqualReplicasHaveNoDivergence) {
  ThreadPool pool(2);
  for (const size_t count : {2U, 3U, 4U, 7U}) {
    const Vector one = constant(10'000, ElementType::float64, 1);
    std::vector<Vector> replicas(count);
    for (Vector& replica : replicas) replica = one.copy();
    EXPECT_EQ(*local_mean(replicas, {}, {true, true}, pool), 0);
    EXPECT_TRUE(same_bits(replicas[0], one));
  }
}

// A float holds the spread of 1e-4 around large weights: the divergence must be that of the replicas as
// stored.
TEST(LocalMean, SmallSpreadAroundLargeWeightsIsMeasuredExactly) {
  ThreadPool pool(2);
  const auto replicas = normal_replicas(4, 200'000, ElementType::float32);
  for (const Vector& replica : replicas) {
    multiply(replica, 1e-4);
    add(replica, constant(200'000, ElementType::float32, 1));
  }
  const Vector mean = flat_vector(200'000);
  const double divergence = *local_mean(replicas, mean, {true, false}, pool);
  EXPECT_NEAR(divergence / divergence_in_double(replicas, mean), 1, 1e-12);
}

TEST(LocalMean, NonFiniteNumbersReachTheMean) {
  ThreadPool pool(1);
  const auto replicas = normal_replicas(3, 200, ElementType::float32);
  replicas[1].data<float>()[77] = NAN;
  EXPECT_TRUE(std::isnan(*local_mean(replicas, {}, {true, true}, pool)));
  for (const Vector& replica : replicas) EXPECT_TRUE(std::isnan(replica.data<float>()[77]));
}

TEST(LocalMean, RefusesWhatItCannotAverage) {
  ThreadPool pool(1);
  EXPECT_THROW(local_mean({}, {}, {}, pool), Bug);
  EXPECT_THROW(local_mean({flat_vector(3), flat_vector(4)}, {}, {}, pool), Bug);
  EXPECT_THROW(local_mean({flat_vector(3), flat_vector(3, ElementType::float64)}, {}, {}, pool), Bug);
  EXPECT_THROW(local_mean({flat_vector(3), flat_vector(3)}, flat_vector(4), {}, pool), Bug);
  const Vector replica = flat_vector(3);
  EXPECT_THROW(local_mean({flat_vector(3), replica}, replica, {}, pool), Bug);
}

TEST(CopyToAll, CopiesAndPassesOverItself) {
  ThreadPool pool(2);
  const auto vectors = normal_replicas(3, 9001, ElementType::float64);
  const Vector before = vectors[1].copy();
  copy_to_all(vectors[1], vectors, pool);
  for (const Vector& vector : vectors) EXPECT_TRUE(same_bits(vector, before));
}

TEST(CopyToAll, CopiesWhatNoCacheHolds) {
  ThreadPool pool(2);
  const auto vectors = normal_replicas(2, (int64_t{5} << 20) + 77, ElementType::float32);
  const Vector from = vectors[0].copy();
  copy_to_all(from, vectors, pool);
  for (const Vector& vector : vectors) EXPECT_TRUE(same_bits(vector, from));
}

/// Columns of the closed form of the replica variance (ADPSGD, Jiang and Agrawal 2020).
struct Variance {
  int64_t workers, dimension;
  double gamma, sigma, lambda;
  int period, repetitions;
  double closed;
};

// Plain SGD on the quadratic lambda/2 |w|^2 with gradient noise N(0, sigma^2 I) per worker, one round of
// `period` steps: E S = d gamma^2 sigma^2 (1-1/n) (1-q^p)/(1-q) with q = (1-gamma lambda)^2, and S/E S ~
// chi2_nu/nu with nu = (n-1) d.
TEST(LocalMean, ReplicaVarianceFollowsTheClosedForm) {
  const Variance rows[] = {{8, 100, .1, 1, 1, 1, 400, 0.875},      {8, 100, .1, 1, 1, 4, 400, 2.62285},
                           {8, 100, .1, 1, 1, 16, 200, 4.44713},   {16, 64, .01, .5, 1, 8, 200, 0.0111967},
                           {2, 256, .05, 2, .5, 32, 200, 20.7955}, {4, 1000, .3, 1, 3, 5, 100, 68.1818}};
  ThreadPool pool(1);
  for (const Variance& row : rows) {
    const double q = std::pow(1 - row.gamma * row.lambda, 2), n = static_cast<double>(row.workers);
    const double d = static_cast<double>(row.dimension);
    const double closed =
        d * std::pow(row.gamma * row.sigma, 2) * (1 - 1 / n) * (1 - std::pow(q, row.period)) / (1 - q);
    EXPECT_NEAR(closed / row.closed, 1, 5e-6);
    RandomStream stream(
        {.seed = 2, .purpose = Purpose::test, .a = static_cast<uint64_t>(row.period), .b = 0});
    double sum = 0;
    std::vector<Vector> replicas;
    for (int64_t k = 0; k < row.workers; ++k)
      replicas.push_back(constant(row.dimension, ElementType::float64, 3));
    for (int repetition = 0; repetition < row.repetitions; ++repetition) {
      for (const Vector& replica : replicas) {
        double* const w = replica.data<double>();
        for (int step = 0; step < row.period; ++step)
          for (int64_t i = 0; i < row.dimension; ++i)
            w[i] -= row.gamma * (row.lambda * w[i] + row.sigma * stream.normal());
      }
      sum += *local_mean(replicas, {}, {true, true}, pool);
    }
    const double tolerance = 4 * std::sqrt(2 / ((n - 1) * d * row.repetitions));
    EXPECT_NEAR(sum / row.repetitions / closed, 1, tolerance)
        << "n " << n << " d " << d << " period " << row.period;
  }
}

}  // namespace
}  // namespace muster
