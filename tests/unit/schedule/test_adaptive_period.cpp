#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/schedule/adaptive_period.h"

namespace muster {
namespace {

using Rate = std::function<double(int64_t step)>;

struct Averaging {
  int64_t last_step;  // index of the round's last step
  int64_t period;     // steps of the round
  double divergence;
  int64_t period_after;  // p once the controller has heard of it
};

// Replicas on a quadratic of curvature lambda with constant noise, sigma = 1: per direction and worker, the
// variance of the deviation from the mean is (1 - 1/n) v, v <- (1 - g lambda)^2 v + g^2 in a step of rate g,
// 0 after a meeting. `divergence_of(v)` makes of it what the meeting measures.
std::vector<Averaging> run(AdaptivePeriod& schedule, int64_t total, const Rate& rate, double lambda,
                           const std::function<double(double)>& divergence_of) {
  std::vector<Averaging> averagings;
  RoundStart start{.step = 0, .total_steps = total, .learning_rate = rate(0)};
  while (start.step < total) {
    const int64_t steps = schedule.next_round(start).steps;
    if (!averagings.empty()) averagings.back().period_after = schedule.period();
    double v = 0;
    for (int64_t k = start.step; k < start.step + steps; ++k) {
      const double kept = 1 - rate(k) * lambda;
      v = kept * kept * v + rate(k) * rate(k);
    }
    start.step += steps;
    start.last_learning_rate = rate(start.step - 1);
    start.learning_rate = rate(start.step);
    start.divergence = divergence_of(v);
    averagings.push_back({start.step - 1, steps, *start.divergence, schedule.period()});
  }
  return averagings;
}

double itself(double v) { return v; }

int64_t period_after_steps(const std::vector<Averaging>& averagings, int64_t steps, int64_t base) {
  int64_t period = base;
  for (const Averaging& each : averagings)
    if (each.last_step < steps) period = each.period_after;
  return period;
}

// The first averaging after `drop` that lies in the band.
const Averaging* first_in_band(const std::vector<Averaging>& averagings, int64_t drop, double target) {
  for (const Averaging& each : averagings)
    if (each.last_step >= drop && each.divergence >= 0.7 * target && each.divergence <= 1.3 * target)
      return &each;
  return nullptr;
}

struct Drop {
  double after, lambda;
  int64_t base, settled, in_band;
};

TEST(AdaptivePeriod, SettlesAsTheFormulaSays) {
  const std::vector<Drop> drops = {{0.01, 1, 4, 27, 372},  {0.01, 0.1, 4, 28, 400}, {0.01, 0.01, 4, 28, 400},
                                   {0.01, 1, 8, 46, 1053}, {0.01, 5, 4, 24, 294},   {0.05, 1, 4, 6, 15}};
  constexpr int64_t total = 40000, dropped = 8000;
  for (const Drop& drop : drops) {
    SCOPED_TRACE(testing::Message() << "to " << drop.after << ", lambda " << drop.lambda << ", p "
                                    << drop.base);
    AdaptivePeriod schedule{{.base_period = drop.base, .sampling_fraction = 0.05}};  // K_s = 2000
    const auto rate = [&](int64_t k) { return k < dropped ? 0.1 : drop.after; };
    const auto averagings = run(schedule, total, rate, drop.lambda, itself);
    EXPECT_EQ(schedule.period(), drop.settled);
    const Averaging* first = first_in_band(averagings, dropped, drop.after * schedule.reference());
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->last_step + 1 - dropped, drop.in_band);
    // p* = ceil(ln[1 - lo (1 - q0^p)(2 - g1 lambda) / (2 - g0 lambda)] / ln q1)
    const double q0 = std::pow(1 - 0.1 * drop.lambda, 2), q1 = std::pow(1 - drop.after * drop.lambda, 2);
    const double inner =
        0.7 * (1 - std::pow(q0, drop.base)) * (2 - drop.after * drop.lambda) / (2 - 0.1 * drop.lambda);
    EXPECT_EQ(static_cast<int64_t>(std::ceil(std::log(1 - inner) / std::log(q1))), drop.settled);
  }
}

double two_drops(int64_t k) { return k < 2000 ? 0.1 : k < 3000 ? 0.01 : 0.001; }

TEST(AdaptivePeriod, FollowsTwoDropsExactly) {
  for (const bool four : {false, true}) {
    AdaptivePeriod schedule{{.base_period = four ? 4 : 2}};
    EXPECT_TRUE(schedule.wants_divergence());
    const auto averagings = run(schedule, 4000, two_drops, 1, itself);
    const auto after = [&](int64_t steps) { return period_after_steps(averagings, steps, four ? 4 : 2); };
    EXPECT_EQ(averagings.size(), four ? 574U : 1107U);
    EXPECT_EQ((std::vector{after(2000), after(3000), after(4000)}),
              four ? (std::vector<int64_t>{4, 27, 51}) : (std::vector<int64_t>{2, 15, 47}));
    if (four) {
      EXPECT_NEAR(schedule.reference(), 0.2997541, 5e-8);
    }
  }
}

// The paper's first epoch: it meets at every step there, and the rest is that of a run that begins after it.
TEST(AdaptivePeriod, MeetsAtEveryStepBeforeTheSwitch) {
  AdaptivePeriod plain{{.base_period = 4}}, switched{{.base_period = 4, .switch_step = 400}};
  const auto shifted = [](int64_t k) { return two_drops(k - 400); };
  const auto usual = run(plain, 4000, two_drops, 1, itself), later = run(switched, 4400, shifted, 1, itself);
  ASSERT_EQ(later.size(), usual.size() + 400);
  for (size_t i = 0; i < 400; ++i) EXPECT_EQ(later[i].period, 1);
  for (size_t i = 0; i < usual.size(); ++i) EXPECT_EQ(later[400 + i].period, usual[i].period);
  EXPECT_EQ(switched.reference(), plain.reference());
}

// Rates that decay without steps: the period ramps up and never settles.
TEST(AdaptivePeriod, FollowsSmoothDecay) {
  AdaptivePeriod on_cosine{{.base_period = 4}}, on_linear{{.base_period = 4}};
  const auto cosine = [](int64_t k) { return 0.05 * (1 + std::cos(M_PI * static_cast<double>(k) / 4000)); };
  const auto linear = [](int64_t k) { return 0.1 * (1 - static_cast<double>(k) / 4000); };
  const auto first = run(on_cosine, 4000, cosine, 0.01, itself),
             second = run(on_linear, 4000, linear, 0.01, itself);
  EXPECT_EQ(first.size(), 621U);
  EXPECT_EQ(period_after_steps(first, 2000, 4), 6);
  EXPECT_EQ(period_after_steps(first, 3000, 4), 18);
  EXPECT_EQ(period_after_steps(first, 4000, 4), 48);
  EXPECT_EQ(second.size(), 677U);
  EXPECT_EQ(period_after_steps(second, 2000, 4), 5);
  EXPECT_EQ(period_after_steps(second, 3000, 4), 10);
  EXPECT_EQ(period_after_steps(second, 4000, 4), 37);
}

TEST(AdaptivePeriod, FollowsTheScript) {
  const std::vector<double> script = {1,    2,    3,    1.39, 1.41, 2,    2.59, 2.61,
                                      2.61, 2.61, 2.61, 2.61, 2.61, 2.61, 1};
  const std::vector<int64_t> periods = {4, 4, 4, 5, 5, 5, 5, 4, 3, 2, 1, 1, 1, 1, 2};
  const std::vector<int64_t> steps = {3, 7, 11, 15, 20, 25, 30, 35, 39, 42, 44, 45, 46, 47, 48};
  AdaptivePeriod schedule{{.base_period = 4, .sampling_fraction = 0.12}};  // K_s = 12
  RoundStart start{.step = 0, .total_steps = 100, .learning_rate = 1};
  for (size_t i = 0; i < script.size(); ++i) {
    start.step += schedule.next_round(start).steps;
    EXPECT_EQ(start.step - 1, steps[i]);
    start.last_learning_rate = 1;
    start.divergence = script[i];
    AdaptivePeriod heard = schedule;
    heard.next_round(start);
    EXPECT_EQ(heard.period(), periods[i]) << "after averaging " << i;
  }
  EXPECT_EQ(schedule.reference(), 2);
}

// The divergence of n workers in d dimensions has the distribution (1 - 1/n) d v chi2 / nu, nu = (n - 1) d:
// drawn here from the workers' deviations themselves, which are Gaussian with variance v each. Checked step
// by step below.
double drawn_divergence(RandomStream& random, int workers, int dimensions, double v) {
  double squares = 0;
  for (int j = 0; j < dimensions; ++j) {
    double sum = 0, square = 0;
    for (int i = 0; i < workers; ++i) {
      const double deviation = random.normal();
      sum += deviation;
      square += deviation * deviation;
    }
    squares += square - sum * sum / workers;
  }
  return v * squares / workers;
}

struct Variance {
  int workers, dimensions;
  double rate, sigma, lambda;
  int period;
  double closed;  // d g^2 sigma^2 (1 - 1/n) (1 - q^p) / (1 - q),  q = (1 - g lambda)^2
};

const std::vector<Variance> variances = {
    {8, 100, 0.1, 1, 1, 1, 0.875},       {8, 100, 0.1, 1, 1, 4, 2.62285},
    {8, 100, 0.1, 1, 1, 16, 4.44713},    {16, 64, 0.01, 0.5, 1, 8, 0.0111967},
    {2, 256, 0.05, 2, 0.5, 32, 20.7955}, {4, 1000, 0.3, 1, 3, 5, 68.1818}};

// Mean divergence of workers that start at 1 and take every step.
double stepped_divergence(RandomStream& random, const Variance& row, int repetitions) {
  double total = 0;
  for (int j = 0; j < repetitions * row.dimensions; ++j) {
    double sum = 0, square = 0;
    for (int i = 0; i < row.workers; ++i) {
      double position = 1;
      for (int k = 0; k < row.period; ++k)
        position -= row.rate * (row.lambda * position + row.sigma * random.normal());
      sum += position;
      square += position * position;
    }
    total += (square - sum * sum / row.workers) / row.workers;
  }
  return total / repetitions;
}

// The facts' table T1: both simulations have the mean of the closed form.
TEST(AdaptivePeriod, DivergenceOfSimulatedWorkers) {
  constexpr int repetitions = 100;
  RandomStream random({.seed = 11});
  for (const Variance& row : variances) {
    SCOPED_TRACE(testing::Message() << row.workers << " workers, period " << row.period);
    const double tolerance = 4 * std::sqrt(2.0 / ((row.workers - 1) * row.dimensions * repetitions));
    EXPECT_NEAR(stepped_divergence(random, row, repetitions) / row.closed, 1, tolerance);
    const double kept = 1 - row.rate * row.lambda, noise = row.rate * row.sigma;
    double v = 0, drawn = 0;
    for (int k = 0; k < row.period; ++k) v = kept * kept * v + noise * noise;
    for (int r = 0; r < repetitions; ++r)
      drawn += drawn_divergence(random, row.workers, row.dimensions, v) / repetitions;
    EXPECT_NEAR(drawn / row.closed, 1, tolerance);
  }
}

TEST(AdaptivePeriod, FollowsTwoDropsWithNoise) {
  constexpr int runs = 16, workers = 16, dimensions = 100;
  double averagings = 0, at_3000 = 0, at_4000 = 0, in_band = 0, period_in_band = 0, reference = 0;
  for (int r = 0; r < runs; ++r) {
    RandomStream random({.seed = 5, .a = static_cast<uint64_t>(r)});
    AdaptivePeriod schedule{{.base_period = 4}};
    const auto history = run(schedule, 4000, two_drops, 1,
                             [&](double v) { return drawn_divergence(random, workers, dimensions, v); });
    averagings += static_cast<double>(history.size()) / runs;
    at_3000 += static_cast<double>(period_after_steps(history, 3000, 4)) / runs;
    at_4000 += static_cast<double>(period_after_steps(history, 4000, 4)) / runs;
    const Averaging* first = first_in_band(history, 2000, 0.01 * schedule.reference());
    ASSERT_NE(first, nullptr);
    in_band += static_cast<double>(first->last_step + 1 - 2000) / runs;
    period_in_band += static_cast<double>(first->period) / runs;
    reference += schedule.reference() / runs;
  }
  EXPECT_NEAR(averagings, 571, 2);
  EXPECT_NEAR(at_3000, 29.8, 0.7);
  EXPECT_NEAR(at_4000, 52.8, 0.7);
  EXPECT_NEAR(in_band, 372, 15);
  EXPECT_NEAR(period_in_band, 27, 0.7);
  EXPECT_NEAR(reference, 28.1019, 0.281);
  RecordProperty("averagings", std::to_string(averagings));
  RecordProperty("period_at_3000", std::to_string(at_3000));
  RecordProperty("period_at_4000", std::to_string(at_4000));
  RecordProperty("first_in_band", std::to_string(in_band));
  RecordProperty("period_in_band", std::to_string(period_in_band));
  RecordProperty("reference", std::to_string(reference));
}

TEST(AdaptivePeriod, OneWorkerNeverLeavesItsBase) {
  AdaptivePeriod schedule{{.base_period = 4}};
  const auto history = run(schedule, 4000, two_drops, 1, [](double) { return 0.0; });
  EXPECT_EQ(history.size(), 1000U);
}

TEST(AdaptivePeriod, RateZeroNeitherSamplesNorDecides) {
  AdaptivePeriod schedule{{.base_period = 4}};
  run(
      schedule, 4000, [](int64_t k) { return k < 500 || k >= 2000 ? 0.0 : 0.1; }, 1,
      [](double) { return 5.0; });
  EXPECT_EQ(schedule.period(), 4);
  EXPECT_DOUBLE_EQ(schedule.reference(), 50);
  AdaptivePeriod deaf{{.base_period = 4}};  // no sample at all: nothing to compare with
  run(
      deaf, 4000, [](int64_t k) { return k < 1000 ? 0.0 : 0.1; }, 1, itself);
  EXPECT_EQ(deaf.period(), 4);
}

TEST(AdaptivePeriod, ARunShorterThanItsSamplesStaysAtItsBase) {
  AdaptivePeriod schedule{{.base_period = 40}};  // the first averaging is already past K_s = 25
  run(
      schedule, 100, [](int64_t) { return 0.1; }, 1, itself);
  EXPECT_EQ(schedule.period(), 40);
}

TEST(AdaptivePeriod, StopsAtItsCap) {
  AdaptivePeriod schedule{{.base_period = 4, .max_period = 9}};
  const auto history = run(schedule, 4000, two_drops, 1, itself);
  EXPECT_EQ(schedule.period(), 9);
  for (const Averaging& each : history) EXPECT_LE(each.period, 9);
}

TEST(AdaptivePeriod, WarmUpIsNotSampled) {
  const auto warming = [](int64_t k) { return k < 1000 ? 1e-6 + 1e-4 * static_cast<double>(k) : 0.1; };
  AdaptivePeriod guarded{{.base_period = 4, .warmup_steps = 1000}}, naive{{.base_period = 4}};
  run(guarded, 4000, warming, 1, itself);
  run(naive, 4000, warming, 1, itself);
  EXPECT_EQ(guarded.period(), 4);
  EXPECT_LT(naive.period(), 4);
}

TEST(AdaptivePeriod, NeedsTheDivergence) {
  AdaptivePeriod schedule{{.base_period = 4}};
  schedule.next_round({.step = 0, .total_steps = 100, .learning_rate = 0.1});
  EXPECT_THROW(schedule.next_round({.step = 4, .total_steps = 100, .learning_rate = 0.1}), Bug);
}

TEST(AdaptivePeriod, RefusesForeignState) {
  AdaptivePeriod schedule{{.base_period = 4}};
  EXPECT_THROW(schedule.restore({}), CheckpointError);
  Numbers state = schedule.state();
  state.set("period", int64_t{0});
  EXPECT_THROW(schedule.restore(state), CheckpointError);
}

TEST(AdaptivePeriod, ErrorsNameTheKey) {
  EXPECT_THROW((AdaptivePeriod{{.base_period = 0}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.sampling_fraction = 0}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.sampling_fraction = 1}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.sampling_fraction = NAN}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.band_low = 1.4}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.band_low = 0}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.band_high = INFINITY}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.max_period = 3}}), OptionError);
  EXPECT_THROW((AdaptivePeriod{{.warmup_steps = -1}}), OptionError);
}

}  // namespace
}  // namespace muster
