#include <gmock/gmock.h>

#include <cmath>
#include <valarray>
#include <vector>

#include "muster/base/error.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_adam.h"
#include "tests/contract/outer_optimizer_contract.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using contract::check_outer_optimizer;
using contract::normal_vector;
using test::largest_difference;
using test::value_at;
using test::vector_from;
using testing::IsEmpty;

constexpr int64_t size = 37;

/// What formulas are written with, element by element.
using Values = std::valarray<double>;

Values values(const Vector& vector) {
  Values result(static_cast<size_t>(vector.size()));
  for (size_t i = 0; i < result.size(); ++i) result[i] = value_at(vector, static_cast<int64_t>(i));
  return result;
}

double distance(const Vector& a, const Values& b) { return Values(std::abs(values(a) - b)).max(); }

Vector gradient(uint64_t which) { return normal_vector(size, ElementType::float64, 100 + which); }

Values zeros() { return Values(0.0, size); }

TEST(AsyncOuterContract, EveryOneKeepsIt) {
  using Make = contract::MakeOuterOptimizer;
  const std::vector<Make> makers = {
      [](int64_t n, ElementType type) {
        return std::make_unique<HeavyBall>(OuterMomentumOptions{}, n, type);
      },
      [](int64_t n, ElementType type) {
        return std::make_unique<HeavyBall>(OuterMomentumOptions{.momentum = 0}, n, type);
      },
      [](int64_t n, ElementType type) {
        return std::make_unique<EmaNesterov>(OuterMomentumOptions{}, n, type);
      },
      [](int64_t n, ElementType type) {
        return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = 3, .spread = 0.1}, n, type);
      },
      [](int64_t n, ElementType type) { return std::make_unique<OuterAdam>(OuterAdamOptions{}, n, type); },
      [](int64_t n, ElementType type) {
        return std::make_unique<Buffered>(std::make_unique<Nesterov>(NesterovOptions{}, n, type), 1, n, type);
      }};
  for (const Make& make : makers) EXPECT_THAT(check_outer_optimizer(make), IsEmpty());
}

TEST(AsyncOuterContract, ABufferIsRestoredWithWhatItHolds) {
  const auto make = [] {
    return Buffered(std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float64), 3, size,
                    ElementType::float64);
  };
  for (int cut = 0; cut < 7; ++cut) {
    auto whole = make(), first = make(), second = make();
    Vector a = gradient(99), b = a.copy();
    for (int i = 0; i < 7; ++i) {
      whole.step(a, gradient(static_cast<uint64_t>(i)), 0.1);
      if (i == cut) second.restore(first.state());
      (i < cut ? first : second).step(b, gradient(static_cast<uint64_t>(i)), 0.1);
    }
    EXPECT_TRUE(same_bits(a, b)) << cut;
  }
}

// Liu et al. 2024, Eq. 5: four identical contributions, one Nesterov step each.
TEST(AsyncOuter, SequentialNesterovAmplifiesAsEquationFiveSays) {
  NesterovOptions options{.learning_rate = 1, .momentum = 0.9};
  Nesterov outer(options, 2, ElementType::float64);
  // In the first element the momentum is 0 and the gradient 1, in the second the other way round.
  State state;
  state.tensors["outer_momentum"] = vector_from<double>({0, 1});
  outer.restore(state);
  const Vector g = vector_from<double>({1, 0});
  Vector anchor = flat_vector(2, ElementType::float64);
  for (int i = 0; i < 4; ++i) outer.step(anchor, g, 0);
  const double b = 0.9;
  const double of_g = 4 + 4 * b + 3 * b * b + 2 * b * b * b + b * b * b * b;
  const double of_m = b * b * (1 + b + b * b + b * b * b);
  EXPECT_NEAR(of_g, 12.1441, 1e-12);
  EXPECT_NEAR(of_m, 2.78559, 1e-12);
  EXPECT_NEAR(value_at(anchor, 0), -of_g, 1e-12);
  EXPECT_NEAR(value_at(anchor, 1), -of_m, 1e-12);

  Nesterov once(options, 2, ElementType::float64);
  once.restore(state);
  anchor.fill_zero();
  once.step(anchor, g, 0);
  EXPECT_NEAR(value_at(anchor, 0), -1.9, 1e-12);
  EXPECT_NEAR(value_at(anchor, 1), -0.81, 1e-12);
}

TEST(AsyncOuter, DelayedNesterovOfOneIsNesterov) {
  DelayedNesterov delayed({.learning_rate = 0.7, .momentum = 0.9, .delay = 1}, size, ElementType::float64);
  Nesterov plain({.learning_rate = 0.7, .momentum = 0.9}, size, ElementType::float64);
  Vector a = gradient(0), b = gradient(0);
  for (uint64_t i = 1; i <= 50; ++i) {
    delayed.step(a, gradient(i), 0);
    plain.step(b, gradient(i), 0);
    ASSERT_LT(largest_difference(a, b), 1e-12) << i;
  }
}

TEST(AsyncOuter, ABlockOfDelayedNesterovIsOneStepOnTheMean) {
  for (const int64_t n : {2, 4, 7}) {
    DelayedNesterov delayed({.learning_rate = 0.7, .momentum = 0.9, .delay = n}, size, ElementType::float64);
    Buffered buffer(std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float64), n, size,
                    ElementType::float64);
    Vector a = gradient(0), b = gradient(0);
    for (uint64_t i = 1; i <= static_cast<uint64_t>(50 * n); ++i) {
      const Vector before = b.copy();
      delayed.step(a, gradient(i), 0);
      buffer.step(b, gradient(i), 0);
      if (i % static_cast<uint64_t>(n) != 0) {
        ASSERT_TRUE(same_bits(b, before)) << "a buffer waits";
        continue;
      }
      ASSERT_FALSE(same_bits(b, before));
      ASSERT_LT(largest_difference(a, b), 1e-12) << i;
    }
  }
}

// Algorithm 3, written out with the sum of a block as the fact sheet derives it.
TEST(AsyncOuter, DelayedNesterovSpreadsTheMomentum) {
  const int64_t n = 4;
  const double c = 0.25, beta = 0.9, e = 0.7;
  DelayedNesterov delayed({.learning_rate = e, .momentum = beta, .delay = n, .spread = c}, size,
                          ElementType::float64);
  Vector anchor = gradient(0);
  Values m = zeros();
  for (uint64_t block = 0; block < 10; ++block) {
    const Values before = values(anchor);
    Values mean = zeros();
    for (uint64_t i = 0; i < 4; ++i) {
      const Vector g = gradient(1 + 4 * block + i);
      mean += values(g) / 4.0;
      delayed.step(anchor, g, 0);
    }
    const Values fresh = beta * m + mean;
    const double early = (n - 1) * c;
    const Values expected = before - e * (mean + beta * (early * m + (1 - early) * fresh));
    EXPECT_LT(distance(anchor, expected), 1e-13) << block;
    m = fresh;
  }
}

TEST(AsyncOuter, WithoutMomentumAllArePlainSteps) {
  HeavyBall sgd({.learning_rate = 0.3, .momentum = 0}, size, ElementType::float64);
  DelayedNesterov delayed({.learning_rate = 0.3, .momentum = 0, .delay = 1}, size, ElementType::float64);
  EmaNesterov ema({.learning_rate = 0.3, .momentum = 0}, size, ElementType::float64);
  Vector a = gradient(0), b = gradient(0), d = gradient(0);
  Values expected = values(a);
  for (uint64_t i = 1; i < 20; ++i) {
    expected -= 0.3 * values(gradient(i));
    sgd.step(a, gradient(i), 0);
    delayed.step(b, gradient(i), 0);
    ema.step(d, gradient(i), 0);
  }
  for (const Vector& found : {a, b, d}) EXPECT_LT(distance(found, expected), 1e-13);
}

TEST(AsyncOuter, HeavyBallAndEmaFollowTheirFormulas) {
  HeavyBall ball({.learning_rate = 0.5, .momentum = 0.8}, size, ElementType::float64);
  EmaNesterov ema({.learning_rate = 0.5, .momentum = 0.8}, size, ElementType::float64);
  Vector a = gradient(0), b = gradient(0);
  Values ea = values(a), eb = values(b), ma = zeros(), mb = zeros();
  for (uint64_t i = 1; i < 30; ++i) {
    const Vector g = gradient(i);
    ball.step(a, g, 0);
    ema.step(b, g, 0);
    const Values of_g = values(g);
    ma = 0.8 * ma + of_g;
    ea -= 0.5 * ma;
    mb = 0.8 * mb + 0.2 * of_g;
    eb -= 0.5 * (of_g + 0.8 * mb);
  }
  EXPECT_LT(distance(a, ea), 1e-13);
  EXPECT_LT(distance(b, eb), 1e-13);
  Vector ahead_a = a.copy(), ahead_b = b.copy();
  ball.look_ahead(ahead_a);
  ema.look_ahead(ahead_b);
  EXPECT_LT(distance(ahead_a, values(a) - 0.5 * 0.8 * ma), 1e-13);
  EXPECT_LT(distance(ahead_b, values(b) - 0.5 * 0.8 * mb), 1e-13);
}

TEST(AsyncOuter, AdamsFirstStepIsTheLearningRateInEveryElement) {
  OuterAdam adam({.learning_rate = 0.01}, size, ElementType::float64);
  Vector anchor = gradient(0);
  adam.step(anchor, gradient(1), 0);
  const Values signs = values(gradient(1)).apply([](double value) { return value < 0 ? -1.0 : 1.0; });
  EXPECT_LT(distance(anchor, values(gradient(0)) - 0.01 * signs), 1e-7);
}

TEST(DelayCompensation, AddsTheElementwiseTaylorTerm) {
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    Vector g = normal_vector(size, type, 1);
    const Vector before = g.copy(), now = normal_vector(size, type, 2);
    const Vector start = normal_vector(size, type, 3);
    DelayCompensation compensation(0.5);
    EXPECT_TRUE(compensation.wants_start());
    compensation.apply(g, now, start);
    const Values of_g = values(before);
    EXPECT_LT(distance(g, of_g + 0.5 * of_g * of_g * (values(now) - values(start))),
              type == ElementType::float64 ? 1e-13 : 1e-5);
    Vector same = before.copy();
    compensation.apply(same, now, now);
    EXPECT_TRUE(same_bits(same, before)) << "nothing has moved: nothing to compensate";
  }
  EXPECT_THROW(DelayCompensation(0), OptionError);
}

TEST(AsyncOuter, WrongOptionsAreRefused) {
  EXPECT_THROW(HeavyBall({.learning_rate = 0}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(EmaNesterov({.momentum = 1}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(DelayedNesterov({.delay = 0}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(DelayedNesterov({.delay = 4, .spread = 0.26}, 1, ElementType::float64), OptionError);
  EXPECT_NO_THROW(DelayedNesterov({.delay = 3, .spread = 1.0 / 3}, 1, ElementType::float64));
  EXPECT_THROW(OuterAdam({.beta2 = 1}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(OuterAdam({.epsilon = 0}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(Buffered(nullptr, 0, 1, ElementType::float64), OptionError);
}

}  // namespace
}  // namespace muster
