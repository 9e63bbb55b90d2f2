#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "muster/theory/convex/convex_optimum.h"
#include "muster/theory/convex/libsvm_file.h"
#include "tests/unit/theory/convex/small_rows.h"

namespace muster {
namespace {

/// Each sample has one feature of its own with value a_i and label b_i: a problem of single coordinates.
SparseRows diagonal(int64_t features) {
  SparseRows rows;
  rows.features = features;
  for (int32_t i = 0; i < features; ++i) {
    rows.columns.push_back(i);
    rows.values.push_back(1 + 0.001 * i);
    rows.labels.push_back(i % 2 == 0 ? 1 : -1);
    rows.starts.push_back(i + 1);
  }
  return rows;
}

TEST(ConvexOptimum, LeastSquaresOfSingleCoordinates) {
  for (const int64_t features : {40, 1700}) {  // written down, and by conjugate gradients
    const ConvexProblem problem(diagonal(features), {Loss::least_squares, 0.01});
    const ConvexOptimum optimum = find_optimum(problem);
    const auto n = static_cast<double>(features);
    for (size_t i = 0; i < optimum.x.size(); ++i) {
      const double a = 1 + 0.001 * static_cast<double>(i), b = i % 2 == 0 ? 1 : -1;
      EXPECT_NEAR(optimum.x[i], a * b / n / (a * a / n + 0.01), 1e-10);
    }
    const ConvexConstants constants = convex_constants(problem, optimum);
    const double largest = 1 + 0.001 * (n - 1);
    EXPECT_NEAR(constants.smoothness, largest * largest / n + 0.01, 1e-12);
    EXPECT_NEAR(constants.strong_convexity, features == 40 ? 1 / n + 0.01 : 0.01, 1e-12);
    EXPECT_NEAR(constants.largest_sample_smoothness, largest * largest + 0.01, 1e-12);
  }
}

TEST(ConvexOptimum, BothWaysOfLogisticRegressionAgree) {
  // The same problem with features that no sample has: too many to write the Hessian down.
  SparseRows rows = test::small_rows(400, 12, false);
  const ConvexOptimum small = find_optimum(ConvexProblem(rows, {Loss::logistic, 0.001}));
  rows.features = 1600;
  const ConvexProblem wide(rows, {Loss::logistic, 0.001});
  const ConvexOptimum large = find_optimum(wide);
  EXPECT_NEAR(small.value, large.value, 1e-13);
  EXPECT_LT(small.gap_bound, 1e-20);
  EXPECT_LT(large.gap_bound, 1e-12);
  for (size_t i = 0; i < 1600; ++i) EXPECT_NEAR(large.x[i], i < 12 ? small.x[i] : 0, 1e-6);
}

TEST(ConvexOptimum, NothingNearIsLower) {
  const ConvexProblem problem(test::small_rows(300, 8, true), {});
  const ConvexOptimum optimum = find_optimum(problem);
  EXPECT_DOUBLE_EQ(problem.value(optimum.x), optimum.value);
  for (size_t i = 0; i < 8; ++i)
    for (const double move : {-1e-3, 1e-3}) {
      std::vector<double> x = optimum.x;
      x[i] += move;
      EXPECT_GT(problem.value(x), optimum.value);
    }
  const ConvexConstants constants = convex_constants(problem, optimum);
  EXPECT_LE(constants.curvature_at_optimum, constants.smoothness);
  EXPECT_DOUBLE_EQ(constants.noise_at_optimum, problem.gradient_moments(optimum.x).mean);
}

TEST(ConvexOptimum, FactsOfW8a) {
  const char* folder = std::getenv("MUSTER_TEST_DATA");
  const std::string path = std::string(folder == nullptr ? "" : folder) + "/w8a";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "MUSTER_TEST_DATA holds no w8a";
  const SparseRows rows = read_libsvm(path);
  const ConvexProblem problem(rows, {});
  EXPECT_EQ(problem.samples(), 49749);
  EXPECT_EQ(problem.features(), 300);
  EXPECT_EQ(problem.rows().entries, 579586);
  EXPECT_EQ(problem.rows().empty_rows, 4203);
  const ConvexOptimum optimum = find_optimum(problem);
  EXPECT_NEAR(optimum.value, 0.126180686510513434, 1e-15);
  EXPECT_NEAR(problem.value(std::vector<double>(300)), std::log(2), 1e-15);
  EXPECT_DOUBLE_EQ(problem.accuracy(optimum.x), 48947.0 / 49749);
  const ConvexConstants constants = convex_constants(problem, optimum);
  EXPECT_NEAR(constants.smoothness, 0.661219485401, 1e-12);
  EXPECT_NEAR(constants.condition(), 32895.00818, 1e-5);
  EXPECT_NEAR(constants.largest_sample_smoothness, 28.50002, 1e-5);
  EXPECT_NEAR(constants.noise_at_optimum, 0.11186804, 1e-8);
  EXPECT_NEAR(constants.curvature_at_optimum, 0.0091324394, 1e-10);
}

}  // namespace
}  // namespace muster
