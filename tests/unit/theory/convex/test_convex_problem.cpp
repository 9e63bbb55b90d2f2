#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/theory/convex/convex_problem.h"
#include "muster/theory/exponential.h"
#include "tests/unit/theory/convex/small_rows.h"

namespace muster {
namespace {

using test::plain_product;
using test::small_rows;
using ::testing::HasSubstr;

std::vector<double> some_point(int64_t features) {
  RandomStream random({.seed = 3});
  std::vector<double> x(static_cast<size_t>(features));
  for (double& v : x) v = random.normal();
  return x;
}

double plain_value(const SparseRows& rows, Loss loss, double lambda, const std::vector<double>& x) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < rows.samples(); ++i) {
    const double product = plain_product(rows, i, x), label = rows.labels[static_cast<size_t>(i)];
    sum += loss == Loss::logistic ? std::log1p(std::exp(-label * product))
                                  : 0.5 * (product - label) * (product - label);
  }
  for (const double v : x) squares += v * v;
  return sum / static_cast<double>(rows.samples()) + lambda / 2 * squares;
}

TEST(Exponential, IsRightOverItsRange) {
  for (double x = -689; x < 689; x += 0.0137) {
    const double error = kernel::exponential(x) / std::exp(x) - 1;
    EXPECT_LT(std::fabs(error), (2 + std::fabs(x)) * 2.23e-16) << x;
  }
  EXPECT_EQ(kernel::exponential(0), 1);
}

TEST(PackedRows, LooksAtEqualSamplesOnce) {
  const SparseRows rows = small_rows(200, 9, false);
  const PackedRows packed = pack_rows(rows, rows.labels);
  EXPECT_EQ(packed.samples(), 200);
  EXPECT_EQ(packed.entries, static_cast<int64_t>(rows.columns.size()));
  EXPECT_LT(packed.distinct.size(), 180U);
  int64_t counted = 0;
  for (size_t i = 0; i < packed.counts.size(); ++i) {
    counted += packed.counts[i];
    EXPECT_LE(packed.counts[i == 0 ? 0 : i - 1], packed.counts[i]);
  }
  EXPECT_EQ(counted, 200);
  for (int64_t i = 0; i < packed.samples(); ++i) {
    auto at = static_cast<size_t>(rows.starts[static_cast<size_t>(i)]);
    packed.for_each(packed.rows[static_cast<size_t>(i)], [&](uint32_t column, double value) {
      EXPECT_EQ(static_cast<int32_t>(column), rows.columns[at]);
      EXPECT_EQ(value, rows.values[at]);
      ++at;
    });
    EXPECT_EQ(static_cast<int64_t>(at), rows.starts[static_cast<size_t>(i) + 1]);
    EXPECT_EQ(packed.rows[static_cast<size_t>(i)].label, rows.labels[static_cast<size_t>(i)]);
  }
}

TEST(PackedRows, LeavesUnitValuesOutAndZeros) {
  SparseRows rows = small_rows(60, 7, true);
  EXPECT_TRUE(pack_rows(rows, rows.labels).values.empty());
  const int64_t entries = pack_rows(rows, rows.labels).entries;
  rows.values[5] = 0;
  EXPECT_EQ(pack_rows(rows, rows.labels).entries, entries - 1);
  EXPECT_TRUE(pack_rows(rows, rows.labels).values.empty());
  rows.values[5] = 2;
  EXPECT_FALSE(pack_rows(rows, rows.labels).values.empty());
}

TEST(ConvexProblem, ValueIsThePlainSum) {
  for (const bool unit : {true, false})
    for (const Loss loss : {Loss::logistic, Loss::least_squares}) {
      const SparseRows rows = small_rows(500, 11, unit);
      const ConvexProblem problem(rows, {loss, 0.01});
      const std::vector<double> x = some_point(11);
      EXPECT_NEAR(problem.value(x), plain_value(rows, loss, 0.01, x), 1e-14);
    }
}

TEST(ConvexProblem, ValueIsRightFarOut) {
  SparseRows rows;
  rows.features = 1;
  for (const double label : {-1.0, 1.0}) {
    rows.labels.push_back(label);
    rows.columns.push_back(0);
    rows.values.push_back(1);
    rows.starts.push_back(static_cast<int64_t>(rows.columns.size()));
  }
  const ConvexProblem problem(rows, {Loss::logistic, 1e-9});
  for (const double x : {1e4, -1e4}) EXPECT_NEAR(problem.value({x}), 0.5e4 + 0.5e-9 * 1e8, 1e-9);
  EXPECT_TRUE(std::isnan(problem.value({std::nan("")})));
}

TEST(ConvexProblem, GradientAndHessianAreDerivatives) {
  for (const Loss loss : {Loss::logistic, Loss::least_squares}) {
    const ConvexProblem problem(small_rows(300, 6, false), {loss, 0.1});
    const std::vector<double> x = some_point(6), gradient = problem.gradient(x);
    const std::vector<double> curvatures = problem.curvatures(x);
    for (size_t i = 0; i < 6; ++i) {
      std::vector<double> above = x, below = x, unit(6);
      above[i] += 1e-5;
      below[i] -= 1e-5;
      unit[i] = 1;
      EXPECT_NEAR(gradient[i], (problem.value(above) - problem.value(below)) / 2e-5, 1e-8);
      const auto column = problem.hessian_times(curvatures, unit);
      const auto high = problem.gradient(above), low = problem.gradient(below);
      for (size_t j = 0; j < 6; ++j) EXPECT_NEAR(column[j], (high[j] - low[j]) / 2e-5, 1e-8);
    }
  }
}

TEST(ConvexProblem, GradientMomentsAreThoseOfTheSamples) {
  const SparseRows rows = small_rows(100, 5, false);
  const ConvexProblem problem(rows, {Loss::logistic, 0.3});
  const std::vector<double> x = some_point(5);
  double mean = 0, largest = 0;
  for (int64_t i = 0; i < rows.samples(); ++i) {
    SparseRows one;
    one.features = 5;
    const auto s = static_cast<size_t>(i);
    const double label = rows.labels[s], slope = -label / (1 + std::exp(label * plain_product(rows, i, x)));
    std::vector<double> gradient(5);
    for (size_t j = 0; j < 5; ++j) gradient[j] = 0.3 * x[j];
    for (auto e = static_cast<size_t>(rows.starts[s]); e < static_cast<size_t>(rows.starts[s + 1]); ++e)
      gradient[static_cast<size_t>(rows.columns[e])] += slope * rows.values[e];
    double norm = 0;
    for (const double g : gradient) norm += g * g;
    mean += norm / 100;
    largest = std::max(largest, norm);
  }
  EXPECT_NEAR(problem.gradient_moments(x).mean, mean, 1e-13);
  EXPECT_NEAR(problem.gradient_moments(x).largest, largest, 1e-13);
}

TEST(ConvexProblem, MapsTwoLabelsToSigns) {
  SparseRows rows = small_rows(80, 4, true);
  const ConvexProblem signs(rows, {});
  for (double& label : rows.labels) label = label > 0 ? 7 : 3;
  const ConvexProblem others(rows, {});
  EXPECT_EQ(signs.value({1, 2, 3, 4}), others.value({1, 2, 3, 4}));
  EXPECT_DOUBLE_EQ(signs.regularisation(), 1.0 / 80);
}

TEST(ConvexProblem, RefusesWhatItCannotLearn) {
  SparseRows rows = small_rows(80, 4, true);
  EXPECT_THROW(ConvexProblem(rows, {Loss::logistic, 0.0}), OptionError);
  rows.labels[3] = 2;
  try {
    ConvexProblem problem(rows, {});
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("needs two"));
  }
  EXPECT_NO_THROW(ConvexProblem(rows, {Loss::least_squares, {}}));
  for (double& label : rows.labels) label = 1;
  EXPECT_THROW(ConvexProblem(rows, {}), DataError);
  SparseRows empty;
  empty.labels = {-1, 1};
  empty.starts = {0, 0, 0};
  EXPECT_THROW(ConvexProblem(empty, {}), DataError);
}

}  // namespace
}  // namespace muster
