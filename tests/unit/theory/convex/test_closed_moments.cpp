#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/theory/convex/piecewise_quadratic.h"
#include "muster/theory/convex/quadratic_moments.h"

namespace muster {
namespace {

QuadraticMoments table_moments(int64_t workers, int64_t period) {
  QuadraticOptions options;
  options.start = 100;
  options.workers = workers;
  options.period = period;
  options.step_size = {StepSizeRule::theorem, 0, 1, 1, 80};
  return quadratic_moments(options);
}

TEST(QuadraticMoments, OfTheTable) {
  struct Row {
    int64_t workers;
    double mean, gap, every, sixteen, once;
  };
  const Row rows[] = {
      {1, 2.121385e-03, 6.941133e-04, 0, 0, 0},
      {2, 1.060728e-03, 3.758952e-04, 6.871430e-06, 5.391192e-05, 1.060657e-03},
      {4, 5.303999e-04, 2.167861e-04, 1.030714e-05, 8.086789e-05, 1.590985e-03},
      {8, 2.652357e-04, 1.372316e-04, 1.202500e-05, 9.434587e-05, 1.856149e-03},
      {32, 6.636261e-05, 7.756570e-05, 1.331339e-05, 1.044544e-04, 2.055022e-03},
  };
  const auto digits = [](double value, double printed) { EXPECT_NEAR(value, printed, 5e-7 * printed); };
  for (const Row& row : rows) {
    digits(table_moments(row.workers, 1).mean_square, row.mean);
    digits(table_moments(row.workers, 1000).mean_square, row.mean);
    digits(table_moments(row.workers, 16).weighted_gap, row.gap);
    digits(table_moments(row.workers, 1).spread, row.every);
    digits(table_moments(row.workers, 16).spread, row.sixteen);
    digits(table_moments(row.workers, 1000).spread, row.once);
  }
}

TEST(QuadraticMoments, NoiselessDecayIsExact) {
  QuadraticOptions options{.curvature = 2, .noise = 0, .start = 3, .steps = 10};
  options.step_size = {StepSizeRule::constant, 0.1};
  const QuadraticMoments moments = quadratic_moments(options);
  EXPECT_NEAR(moments.mean_square, 3 * std::pow(0.8, 20), 1e-15);
  double sum = 0, weights = 0;  // the path is x0 0.8^t
  for (int t = 0; t < 10; ++t) {
    sum += (t + 1) * (t + 1) * std::pow(0.8, t);
    weights += (t + 1) * (t + 1);
  }
  EXPECT_NEAR(moments.weighted_gap, 3 * std::pow(sum / weights, 2), 1e-14);
  options.curvature = -1;
  EXPECT_THROW(quadratic_moments(options), OptionError);
}

PiecewiseQuadraticOptions quarter(int64_t workers, int64_t period) {
  PiecewiseQuadraticOptions options;
  options.workers = workers;
  options.period = period;
  options.step_size = {StepSizeRule::constant, 0.25};
  return options;
}

TEST(PiecewiseQuadratic, AllPaths) {
  EXPECT_EQ(enumerate_piecewise(quarter(2, 1)).mean, -1.0 / 64);
  EXPECT_EQ(enumerate_piecewise(quarter(2, 1)).gap, 257.0 / 8192);
  EXPECT_EQ(enumerate_piecewise(quarter(2, 2)).mean, -1.0 / 32);
  EXPECT_EQ(enumerate_piecewise(quarter(2, 2)).gap, 503.0 / 16384);
  EXPECT_NEAR(enumerate_piecewise(quarter(3, 1)).mean, -1.0 / 64, 1e-16);
  EXPECT_NEAR(enumerate_piecewise(quarter(3, 1)).gap, 681.0 / 32768, 1e-16);
  EXPECT_NEAR(enumerate_piecewise(quarter(3, 2)).mean, -1.0 / 32, 1e-16);
  EXPECT_NEAR(enumerate_piecewise(quarter(3, 2)).gap, 665.0 / 32768, 1e-16);
  PiecewiseQuadraticOptions much = quarter(5, 1);
  much.steps = 5;
  EXPECT_THROW(enumerate_piecewise(much), OptionError);
}

TEST(PiecewiseQuadratic, RandomPathsKeepTheBiasOfOneWorker) {
  PiecewiseQuadraticOptions options;
  options.noise = 64;
  options.start = 2;
  options.steps = 1000;
  options.step_size = {StepSizeRule::inverse, 2};
  const PiecewiseMoments one = simulate_piecewise(options, 4000, 1);
  EXPECT_NEAR(one.gap, 0.04048, 5 * one.gap_error);
  EXPECT_NEAR(one.mean, -0.0817, 5 * one.mean_error);
  options.workers = 16;
  options.period = 1000;
  const PiecewiseMoments apart = simulate_piecewise(options, 300, 1);
  options.period = 1;
  const PiecewiseMoments together = simulate_piecewise(options, 300, 1);
  EXPECT_NEAR(apart.gap, 0.005237, 5 * apart.gap_error);
  EXPECT_NEAR(apart.mean, -0.0813, 5 * apart.mean_error);
  EXPECT_NEAR(together.gap, 0.002506, 5 * together.gap_error);
  EXPECT_LT(std::fabs(together.mean), 0.5 * std::fabs(apart.mean));
}

}  // namespace
}  // namespace muster
