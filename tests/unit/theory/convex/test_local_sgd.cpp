#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "muster/theory/convex/delayed_local_sgd.h"
#include "muster/theory/convex/local_sgd.h"
#include "tests/unit/theory/convex/small_rows.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using Vector = std::vector<double>;

TEST(Draws, FollowThePublishedFormula) {
  const Draws one(1, 49749), five(5, 49749);
  std::vector<uint32_t> first, later;
  for (uint64_t c = 0; c < 8; ++c) first.push_back(one(c));
  for (uint64_t c = 0; c < 4; ++c) later.push_back(five(1000000 + c));
  EXPECT_THAT(first, ElementsAre(32458, 34884, 19259, 32655, 39198, 7275, 38737, 13189));
  EXPECT_THAT(later, ElementsAre(44637, 43135, 48978, 16700));
}

/// The method as its definition says, vector by vector.
struct Plain {
  const SparseRows& rows;
  Loss loss;
  double lambda;
  LocalSgdOptions options;
  DelayOptions delay;

  Vector last, weighted;

  Vector stepped(const Vector& x, int64_t t, int64_t k) const {
    const Draws draws(options.seed, rows.samples());
    const double eta = options.step_size.at(t);
    Vector y = x;
    for (double& v : y) v *= 1 - eta * lambda;
    for (int64_t j = 0; j < options.batch; ++j) {
      const auto i = draws(static_cast<uint64_t>((t * options.workers + k) * options.batch + j));
      const double product = test::plain_product(rows, i, x), label = rows.labels[i];
      const double slope = loss == Loss::logistic ? label / (1 + std::exp(label * product)) : label - product;
      for (auto e = static_cast<size_t>(rows.starts[i]); e < static_cast<size_t>(rows.starts[i + 1]); ++e)
        y[static_cast<size_t>(rows.columns[e])] +=
            eta / static_cast<double>(options.batch) * slope * rows.values[e];
    }
    return y;
  }

  void run(int64_t steps) {
    const auto features = static_cast<size_t>(rows.features), workers = static_cast<size_t>(options.workers);
    std::vector<Vector> x(workers, Vector(features)), base = x;
    Vector server(features), sum(features);
    std::deque<std::pair<int64_t, Vector>> pending;
    double weights = 0;
    for (int64_t t = 0; t < steps; ++t) {
      const double weight = options.step_size.weight(t);
      weights += weight;
      for (const Vector& one : x)
        for (size_t i = 0; i < features; ++i) sum[i] += weight * one[i] / static_cast<double>(workers);
      for (size_t k = 0; k < workers; ++k) x[k] = stepped(x[k], t, static_cast<int64_t>(k));
      const auto meets = [&](size_t k) {
        const int64_t offset = delay.staggered ? static_cast<int64_t>(k) % delay.period : 0;
        return (t + 1 + offset) % delay.period == 0 || t + 1 == delay.last_step;
      };
      for (size_t k = 0; k < workers; ++k) {
        if (!meets(k)) continue;
        Vector push(features);
        for (size_t i = 0; i < features; ++i) push[i] = (x[k][i] - base[k][i]) / static_cast<double>(workers);
        pending.emplace_back(t + 1 + delay.delay, push);
      }
      for (; !pending.empty() && pending.front().first <= t + 1; pending.pop_front())
        for (size_t i = 0; i < features; ++i) server[i] += pending.front().second[i];
      for (size_t k = 0; k < workers; ++k)
        if (meets(k)) x[k] = base[k] = server;
    }
    last = server;
    weighted = sum;
    for (double& v : weighted) v /= weights;
  }
};

void expect_near(const Vector& a, const Vector& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance);
}

struct Case {
  int64_t workers, batch, period;
  Loss loss;
  bool unit;
  double lambda;
  ConvexStepSize step_size;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {1, 1, 1, Loss::logistic, true, 0.01, {StepSizeRule::inverse, 0.02, 150}},
      {4, 1, 8, Loss::logistic, true, 0.01, {StepSizeRule::inverse, 0.02, 150}},
      {3, 5, 4, Loss::logistic, false, 0.02, {StepSizeRule::constant, 0.3}},
      {5, 2, 1, Loss::logistic, false, 0.02, {StepSizeRule::theorem, 0, 1, 0.1, 200}},
      {2, 3, 16, Loss::least_squares, false, 0.02, {StepSizeRule::constant, 0.05}},
      {2, 1, 8, Loss::least_squares, true, 0.02, {StepSizeRule::constant, 0.05}},
      {3,
       2,
       4,
       Loss::logistic,
       false,
       0.02,
       {.rule = StepSizeRule::constant, .learning_rate = 0.3, .average = IterateAverage::uniform}},
      {3,
       2,
       4,
       Loss::logistic,
       true,
       0.02,
       {.rule = StepSizeRule::inverse,
        .learning_rate = 0.02,
        .samples = 150,
        .average = IterateAverage::linear}},
      // Regularisation that shrinks the scale fast: it has to be folded.
      {3, 2, 32, Loss::logistic, false, 3, {StepSizeRule::constant, 0.25}},
      {1, 300, 2, Loss::logistic, true, 0.5, {StepSizeRule::constant, 1.9}},
  };
  return all;
}

TEST(LocalSgd, IsWhatItsDefinitionSays) {
  for (const Case& one : cases()) {
    const SparseRows rows = test::small_rows(150, 10, one.unit);
    const ConvexProblem problem(rows, {one.loss, one.lambda});
    const LocalSgdOptions options{one.workers, one.batch, 9, one.step_size};
    LocalSgd method(problem, options);
    method.advance(one.period, 64 / one.period);
    method.advance(one.period, 256 / one.period);
    Plain plain{rows, one.loss, one.lambda, options, {one.period}, {}, {}};
    plain.run(320);
    EXPECT_EQ(method.step(), 320);
    EXPECT_EQ(method.rounds(), 320 / one.period);
    expect_near(method.last(), plain.last, 1e-12);
    expect_near(method.weighted(), plain.weighted, 1e-12);
  }
}

TEST(ConvexStepSize, SumsItsWeights) {
  using enum IterateAverage;
  for (const StepSizeRule rule : {StepSizeRule::constant, StepSizeRule::theorem})
    for (const IterateAverage average : {uniform, linear, quadratic}) {
      const ConvexStepSize size{.rule = rule, .shift = 7, .average = average};
      const double first = rule == StepSizeRule::theorem ? 12 : 6;  // r of step 5
      const double power = average == uniform ? 0 : average == linear ? 1 : 2;
      EXPECT_EQ(size.weight(5), std::pow(first, power));
      double sum = 0;
      for (int64_t t = 5; t < 25; ++t) sum += size.weight(t);
      EXPECT_DOUBLE_EQ(size.weight_sum(5, 20), sum);
    }
}

TEST(LocalSgd, PeriodOneIsALargerBatch) {
  const ConvexProblem problem(test::small_rows(150, 10, false), {});
  const ConvexStepSize step_size{StepSizeRule::constant, 0.5};
  LocalSgd apart(problem, {6, 2, 3, step_size}), together(problem, {1, 12, 3, step_size});
  apart.measure_divergence();  // so that the workers are trained apart
  apart.advance(1, 100);
  together.advance(1, 100);
  EXPECT_GT(apart.round_divergence(), 0);
  expect_near(apart.last(), together.last(), 1e-13);
  expect_near(apart.weighted(), together.weighted(), 1e-13);
}

TEST(LocalSgd, OneWorkerHasNoPeriod) {
  const ConvexProblem problem(test::small_rows(150, 10, false), {});
  const LocalSgdOptions options{1, 2, 3, {StepSizeRule::constant, 0.5}};
  LocalSgd often(problem, options), rarely(problem, options);
  often.advance(1, 96);
  rarely.advance(48, 2);
  expect_near(often.last(), rarely.last(), 1e-14);
  expect_near(often.weighted(), rarely.weighted(), 1e-14);
}

TEST(LocalSgd, DivergenceIsTheSpreadBeforeTheMeeting) {
  const SparseRows rows = test::small_rows(150, 10, false);
  const ConvexProblem problem(rows, {Loss::logistic, 0.1});
  const LocalSgdOptions options{3, 1, 3, {StepSizeRule::constant, 0.5}};
  LocalSgd method(problem, options);
  method.measure_divergence();
  method.advance(5, 1);
  const Plain plain{rows, Loss::logistic, 0.1, options, {5}, {}, {}};
  std::vector<Vector> x(3, Vector(10));
  for (int64_t t = 0; t < 5; ++t)
    for (size_t k = 0; k < 3; ++k) x[k] = plain.stepped(x[k], t, static_cast<int64_t>(k));
  double spread = 0;
  for (size_t k = 0; k < 3; ++k)
    for (size_t i = 0; i < 10; ++i) spread += std::pow(x[k][i] - method.last()[i], 2) / 3;
  EXPECT_NEAR(method.round_divergence(), spread, 1e-13);
}

TEST(LocalSgd, QuadraticsDoNotCareForThePeriod) {
  // Each sample's Hessian is the same: a single feature of value 1.
  SparseRows rows;
  rows.features = 1;
  RandomStream random({.seed = 4});
  for (int i = 0; i < 100; ++i) {
    rows.columns.push_back(0);
    rows.values.push_back(1);
    rows.labels.push_back(random.normal());
    rows.starts.push_back(i + 1);
  }
  const ConvexProblem problem(rows, {Loss::least_squares, 0.1});
  const LocalSgdOptions options{4, 1, 3, {StepSizeRule::inverse, 0.01, 100}};
  LocalSgd often(problem, options), rarely(problem, options);
  often.advance(1, 128);
  rarely.advance(128, 1);
  expect_near(often.last(), rarely.last(), 1e-12);
  expect_near(often.weighted(), rarely.weighted(), 1e-12);
}

TEST(DelayedLocalSgd, WithoutDelayIsTheSynchronousForm) {
  for (const Case& one : cases()) {
    const ConvexProblem problem(test::small_rows(150, 10, one.unit), {one.loss, one.lambda});
    const LocalSgdOptions options{one.workers, one.batch, 9, one.step_size};
    LocalSgd synchronous(problem, options);
    DelayedLocalSgd delayed(problem, options, {one.period});
    for (int i = 0; i < 4; ++i) {
      synchronous.advance(one.period, 2);
      delayed.advance(one.period, 2);
      expect_near(synchronous.last(), delayed.last(), 1e-13);
      expect_near(synchronous.weighted(), delayed.weighted(), 1e-13);
    }
    EXPECT_EQ(delayed.meetings(), synchronous.rounds());
  }
}

TEST(DelayedLocalSgd, IsWhatItsDefinitionSays) {
  const SparseRows rows = test::small_rows(150, 10, false);
  const ConvexProblem problem(rows, {Loss::logistic, 0.05});
  for (const DelayOptions delay : {DelayOptions{4, 3}, DelayOptions{4, 4}, DelayOptions{4, 10, true},
                                   DelayOptions{3, 0, true}, DelayOptions{7, 5, false, 60}}) {
    const LocalSgdOptions options{5, 2, 9, {StepSizeRule::inverse, 0.01, 150}};
    DelayedLocalSgd method(problem, options, delay);
    method.advance(delay.period, 3);
    method.advance(60 - method.step(), 1);
    Plain plain{rows, Loss::logistic, 0.05, options, delay, {}, {}};
    plain.run(60);
    expect_near(method.last(), plain.last, 1e-12);
    expect_near(method.weighted(), plain.weighted, 1e-12);
  }
}

}  // namespace
}  // namespace muster
