#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/diagonal_net.h"
#include "muster/theory/slow_sde/diagonal_net_kernel.h"

namespace muster {
namespace {

DiagonalNetOptions own_net() {
  DiagonalNetOptions options;
  options.samples = 2;
  options.features = 3;
  options.rows = {1.0, 0.5, -0.3, 0.2, -0.8, 0.9};
  options.labels = {0.6, -0.4};
  options.start = {0.3, 0.5, 0.7};
  return options;
}

double squares_of(const DiagonalNetOptions& options, size_t j) {
  double sum = 0;
  for (size_t i = 0; i < static_cast<size_t>(options.samples); ++i) {
    const double x = options.rows[i * static_cast<size_t>(options.features) + j];
    sum += x * x / static_cast<double>(options.samples);
  }
  return sum;
}

TEST(DiagonalNet, StartsWhereTheLossIsZeroAndQIsTheStart) {
  const DiagonalNetOptions options = own_net();
  const DiagonalNetPoint point = diagonal_net_point(options, options.start);
  double trace = 0;
  for (size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(point.u[j] * point.v[j], options.start[j], 1e-12);
    trace += 4 * squares_of(options, j) * (point.u[j] * point.u[j] + point.v[j] * point.v[j]);
  }
  for (size_t i = 0; i < 2; ++i) {
    double prediction = 0;
    for (size_t j = 0; j < 3; ++j)
      prediction += options.rows[3 * i + j] * (point.u[j] * point.u[j] - point.v[j] * point.v[j]);
    EXPECT_NEAR(prediction, options.labels[i], 1e-9);
  }
  EXPECT_NEAR(point.trace, trace, 1e-9);
  EXPECT_GT(point.curvature, trace / 2);
  EXPECT_LT(point.curvature, trace);
}

TEST(DiagonalNet, OneStepShrinksEveryQByItsOwnResidual) {
  const DiagonalNetOptions options = own_net();
  std::vector<double> u(3 * kernel::lanes, 0.9), v(3 * kernel::lanes, 0.6), scratch(3 * kernel::lanes);
  const double rate = 0.02;
  kernel::diagonal_net_steps({u.data(), v.data(), scratch.data(), 1},
                             {options.rows.data(), options.labels.data(), 2, 3, 0.4}, 0, &rate, 1, 5);
  std::vector<int> seen(4, 0);
  for (size_t lane = 0; lane < kernel::lanes; ++lane) {
    bool found = false;
    for (size_t choice = 0; choice < 4; ++choice) {
      const double* x = options.rows.data() + 3 * (choice / 2);
      const double e = choice % 2 == 0 ? 0.4 : -0.4;
      const double r = (x[0] + x[1] + x[2]) * (0.81 - 0.36) - options.labels[choice / 2] - e;
      bool all = true;
      for (size_t j = 0; j < 3; ++j) {
        const double q = u[j * kernel::lanes + lane] * v[j * kernel::lanes + lane];
        all = all && std::fabs(q - 0.54 * (1 - 4 * rate * rate * r * r * x[j] * x[j])) < 1e-14;
      }
      if (all) ++seen[choice], found = true;
    }
    EXPECT_TRUE(found) << lane;
  }
  EXPECT_THAT(seen, testing::Each(testing::Gt(3)));
}

TEST(DiagonalNet, SgdDecaysEachQAtItsClosedRate) {
  const DiagonalNetOptions options = own_net();
  const SlowSdePlan plan = constant_plan(8, 0.005, 1, 20'000);
  const auto laws = diagonal_net_laws(options, plan, {0, 20'000});
  for (size_t j = 0; j < 3; ++j) {
    const double closed = -4 * 0.16 * squares_of(options, j) * 20'000 * 0.005 * 0.005 / 8;
    EXPECT_NEAR(laws.sgd[1][j] / closed, 1, 1e-9);
    EXPECT_NEAR(laws.continuous[1][j] / closed, 1, 1e-6);
    EXPECT_LT(laws.finite_step[1][j] / closed, 1.02);
    EXPECT_GT(laws.finite_step[1][j] / closed, 1.0005);
  }
  EXPECT_LT(laws.trace[1], laws.trace[0]);
}

TEST(DiagonalNet, OneWorkerIsSgdForEveryPeriod) {
  const DiagonalNetOptions options = own_net();
  const auto often = diagonal_net_laws(options, constant_plan(1, 0.01, 1, 4000), {4000});
  const auto seldom = diagonal_net_laws(options, constant_plan(1, 0.01, 100, 4000), {4000});
  for (size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(often.finite_step[0][j], seldom.finite_step[0][j], 2e-4 * std::fabs(often.finite_step[0][j]));
    EXPECT_NEAR(often.sgd[0][j], seldom.continuous[0][j], 1e-9);
  }
}

TEST(DiagonalNet, RareMeetingsMakeItKTimesAsFast) {
  const DiagonalNetOptions options = own_net();
  const auto laws = diagonal_net_laws(options, constant_plan(8, 1e-3, 1'000'000, 1'000'000), {1'000'000});
  for (size_t j = 0; j < 3; ++j) EXPECT_NEAR(laws.continuous[0][j] / laws.sgd[0][j], 8, 0.05);
}

TEST(DiagonalNet, SimulationFollowsBothForms) {
  const DiagonalNetOptions options = own_net();
  for (const int64_t period : {1, 100}) {
    const SlowSdePlan plan = constant_plan(8, 0.005, period, 10'000);
    const auto outcome = simulate_diagonal_net(options, plan, {.replicas = 128, .seed = 3});
    const auto laws = diagonal_net_laws(options, plan, {10'000});
    for (size_t j = 0; j < 3; ++j) {
      const Estimate q = outcome.last()[j];
      EXPECT_NEAR(q.mean, laws.finite_step[0][j], 4 * q.standard_error + 0.004 * std::fabs(q.mean)) << period;
      EXPECT_NEAR(q.mean / laws.continuous[0][j], 1, 0.03) << period;
    }
    EXPECT_NEAR(outcome.last()[3].mean, laws.trace[0], 0.02 * laws.trace[0]);
  }
}

TEST(DiagonalNet, RandomDataDependOnTheSeed) {
  const auto one = random_diagonal_net(2, 4, 1), again = random_diagonal_net(2, 4, 1);
  EXPECT_EQ(one.rows, again.rows);
  EXPECT_NE(one.rows, random_diagonal_net(2, 4, 2).rows);
  EXPECT_EQ(one.rows.size(), 8U);
  EXPECT_NO_THROW(one.validate(0.005));
}

TEST(DiagonalNet, ReadsItsDataFromText) {
  const auto net = read_diagonal_net("1, 0.5 -0.3,0.6\n\n0.2,-0.8,0.9,-0.4\r\n", "net.csv");
  EXPECT_EQ(net.samples, 2);
  EXPECT_EQ(net.features, 3);
  EXPECT_EQ(net.rows, own_net().rows);
  EXPECT_EQ(net.labels, own_net().labels);
  const auto error = [](const char* text) -> std::string {
    try {
      read_diagonal_net(text, "net.csv");
    } catch (const DataError& problem) {
      return problem.what();
    }
    return "no error";
  };
  EXPECT_THAT(error("1,2,3\n1,x,3\n"), testing::HasSubstr("net.csv, line 2, column 3"));
  EXPECT_THAT(error("1,2,3\n1,2\n"), testing::HasSubstr("line 2: 2 numbers"));
  EXPECT_THAT(error("\n\n"), testing::HasSubstr("no sample"));
  EXPECT_THAT(error("1,inf,3\n"), testing::HasSubstr("line 1, column 3"));
}

TEST(DiagonalNet, RefusesWhatCannotBe) {
  DiagonalNetOptions options = own_net();
  options.start = {1, 1};
  EXPECT_THROW(options.validate(0.01), OptionError);
  options = own_net();
  options.start[1] = 0;
  EXPECT_THROW(options.validate(0.01), OptionError);
  options = own_net();
  EXPECT_THROW(options.validate(1), OptionError);
  options.noise = -0.1;
  EXPECT_THROW(options.validate(0.01), OptionError);
  options = own_net();
  options.rows = {1, 2, 3, 2, 4, 6};
  options.labels = {1, 5};
  EXPECT_THROW(options.validate(0.01), DataError);
}

}  // namespace
}  // namespace muster
