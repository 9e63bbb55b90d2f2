#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/valley.h"
#include "muster/theory/slow_sde/valley_kernel.h"

namespace muster {
namespace {

double rounded(double value) { return std::round(value * 1000) / 1000; }

const ValleyOptions ornstein_uhlenbeck{};
const ValleyOptions student{.with_curvature = false};

TEST(NoiseLanes, NormalsHaveTheirMoments) {
  float a[kernel::lanes], b[kernel::lanes];
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0, cross = 0, squares = 0;
  const int draws = 20'000;
  for (uint64_t i = 0; i < draws; ++i) {
    kernel::fill_normals(1234, i, a, b);
    for (int lane = 0; lane < kernel::lanes; ++lane) {
      const double x = a[lane], y = b[lane];
      m1 += x + y, m2 += x * x + y * y, m3 += x * x * x + y * y * y, m4 += x * x * x * x + y * y * y * y;
      cross += x * y, squares += (x * x - 1) * (y * y - 1);
    }
  }
  const double n = draws * kernel::lanes;
  EXPECT_NEAR(m1 / (2 * n), 0, 4 / std::sqrt(2 * n));
  EXPECT_NEAR(m2 / (2 * n), 1, 4 * std::sqrt(2 / (2 * n)));
  EXPECT_NEAR(m3 / (2 * n), 0, 4 * std::sqrt(15 / (2 * n)));
  EXPECT_NEAR(m4 / (2 * n), 3, 4 * std::sqrt(96 / (2 * n)));
  EXPECT_NEAR(cross / n, 0, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 0, 4 * 2 / std::sqrt(n));
}

TEST(NoiseLanes, NormalsFillTheTails) {
  float a[kernel::lanes], b[kernel::lanes];
  int beyond_one = 0, beyond_three = 0, all = 0;
  for (uint64_t i = 0; i < 20'000; ++i) {
    kernel::fill_normals(77, i, a, b);
    for (int lane = 0; lane < kernel::lanes; ++lane, all += 2) {
      beyond_one += (a[lane] > 1) + (b[lane] > 1);
      beyond_three += (a[lane] < -3) + (b[lane] < -3);
    }
  }
  EXPECT_NEAR(static_cast<double>(beyond_one) / all, 0.158655, 4 * std::sqrt(0.1335 / all));
  EXPECT_NEAR(static_cast<double>(beyond_three) / all, 0.0013499, 4 * std::sqrt(0.00135 / all));
}

TEST(Valley, TheLawOfTheOrnsteinUhlenbeckFormHasItsKnownValues) {
  const auto law = [](int64_t period) {
    return rounded(valley_second_moment(ornstein_uhlenbeck, 8, 0.03, period, SlowForm::finite_step));
  };
  EXPECT_EQ(law(1), 0.943);
  EXPECT_EQ(law(5), 0.395);
  EXPECT_EQ(law(10), 0.283);
  EXPECT_EQ(law(30), 0.179);
  EXPECT_EQ(law(100), 0.138);
  EXPECT_EQ(law(300), 0.127);
  const auto limit = [](int64_t period) {
    return valley_second_moment(ornstein_uhlenbeck, 8, 1e-5, period, SlowForm::continuous);
  };
  EXPECT_NEAR(limit(1), 1, 1e-5);
  EXPECT_NEAR(limit(100'000'000), 0.125, 1e-3);
}

TEST(Valley, TheLawOfTheStudentFormHasItsKnownValues) {
  const auto law = [](int64_t period) {
    return rounded(valley_second_moment(student, 8, 0.03, period, SlowForm::finite_step));
  };
  EXPECT_EQ(law(5), 1.005);
  EXPECT_EQ(law(10), 0.593);
  EXPECT_EQ(law(33), 0.301);
  EXPECT_EQ(law(100), 0.222);
  EXPECT_EQ(law(178), 0.208);
  EXPECT_EQ(law(300), 0.201);
  EXPECT_EQ(law(556), 0.196);
  EXPECT_EQ(law(1000), 0.194);
  EXPECT_EQ(law(3000), 0.192);
  EXPECT_EQ(law(10'000), 0.191);
  EXPECT_NEAR(valley_second_moment(student, 8, 1e-5, 1'000'000'000, SlowForm::continuous), 0.2, 1e-3);
  EXPECT_TRUE(std::isinf(valley_second_moment(student, 8, 0.03, 1, SlowForm::continuous)));
}

TEST(Valley, SimulationHasTheVarianceOfTheLaw) {
  for (const int64_t period : {1, 30}) {
    const SlowSdePlan plan = constant_plan(4, 0.05, period, 6000);
    const auto outcome =
        simulate_valley(ornstein_uhlenbeck, plan, {.replicas = 512, .seed = 5, .average_from = 0.1});
    const Estimate variance = outcome.averages[0];
    const double law = valley_second_moment(ornstein_uhlenbeck, 4, 0.05, period, SlowForm::finite_step);
    EXPECT_LT(variance.standard_error, 0.05 * law);
    EXPECT_NEAR(variance.mean, law, 4 * variance.standard_error + 0.02 * law) << period;
    EXPECT_NEAR(outcome.averages[1].mean, 0, 4 * outcome.averages[1].standard_error);
  }
}

TEST(Valley, WithoutNoiseAlongItYFallsAsTheLawSays) {
  const ValleyOptions options{.noise = 1, .tangent_noise = 0, .start = 1};
  for (const int64_t period : {1, 40}) {
    const SlowSdePlan plan = constant_plan(8, 0.03, period, 2000);
    const auto outcome = simulate_valley(options, plan, {.replicas = 512});
    const double law = valley_path(options, plan, {0, 2000}, SlowForm::finite_step)[1];
    const Estimate y = outcome.last()[1];
    EXPECT_NEAR(y.mean, law, 4 * y.standard_error + 0.003) << period;
  }
  // Small steps: exp(-s^2 t / 2B), and K times as fast where meetings are rare.
  const double slow = valley_path(options, constant_plan(8, 1e-3, 1, 1000), {1000}, SlowForm::continuous)[0];
  EXPECT_NEAR(std::log(slow), -1e-3 / 16, 1e-9);
  const auto rare = constant_plan(8, 1e-2, 10'000, 20'000);
  const double fast = valley_path(options, rare, {20'000}, SlowForm::continuous)[0];
  EXPECT_NEAR(std::log(fast), -1.0, 0.01);
}

TEST(Valley, TheRecursionOfARoundAgreesWithTheConstantLaw) {
  const ValleyOptions options{.noise = 1, .tangent_noise = 0, .start = 1};
  const SlowSdePlan constant = constant_plan(8, 0.03, 20, 2000);
  SlowSdePlan schedule = constant;
  schedule.rounds.insert(schedule.rounds.begin(), {0, 10});
  schedule.rounds[1] = {10, 10};
  const double a = valley_path(options, constant, {2000}, SlowForm::finite_step)[0];
  const double b = valley_path(options, schedule, {2000}, SlowForm::finite_step)[0];
  EXPECT_NEAR(a, b, 0.005);
}

TEST(Valley, RefusesWhatCannotBe) {
  EXPECT_THROW((ValleyOptions{.noise = -1}.validate(0.01)), OptionError);
  EXPECT_THROW((ValleyOptions{.tangent_noise = -1}.validate(0.01)), OptionError);
  EXPECT_THROW((ValleyOptions{.noise = 0}.validate(0.01)), OptionError);
  EXPECT_THROW((ValleyOptions{.start = 10}.validate(0.03)), OptionError);
  EXPECT_THROW((ValleyOptions{}.validate(2)), OptionError);
}

}  // namespace
}  // namespace muster
