#include <gmock/gmock.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_adam.h"
#include "tests/contract/outer_optimizer_contract.h"

namespace muster {
namespace {

using contract::check_outer_optimizer;
using contract::normal_vector;
using testing::IsEmpty;

constexpr int64_t size = 37;

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

at::Tensor gradient(uint64_t which) { return normal_vector(size, at::kDouble, 100 + which); }

TEST(AsyncOuterContract, EveryOneKeepsIt) {
  using Make = contract::MakeOuterOptimizer;
  const std::vector<Make> makers = {
      [](int64_t n, at::ScalarType type) {
        return std::make_unique<HeavyBall>(OuterMomentumOptions{}, n, type);
      },
      [](int64_t n, at::ScalarType type) {
        return std::make_unique<HeavyBall>(OuterMomentumOptions{.momentum = 0}, n, type);
      },
      [](int64_t n, at::ScalarType type) {
        return std::make_unique<EmaNesterov>(OuterMomentumOptions{}, n, type);
      },
      [](int64_t n, at::ScalarType type) {
        return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = 3, .spread = 0.1}, n, type);
      },
      [](int64_t n, at::ScalarType type) { return std::make_unique<OuterAdam>(OuterAdamOptions{}, n, type); },
      [](int64_t n, at::ScalarType type) {
        return std::make_unique<Buffered>(std::make_unique<Nesterov>(NesterovOptions{}, n, type), 1, n, type);
      }};
  for (const Make& make : makers) EXPECT_THAT(check_outer_optimizer(make), IsEmpty());
}

TEST(AsyncOuterContract, ABufferIsRestoredWithWhatItHolds) {
  const auto make = [] {
    return Buffered(std::make_unique<Nesterov>(NesterovOptions{}, size, at::kDouble), 3, size, at::kDouble);
  };
  for (int cut = 0; cut < 7; ++cut) {
    auto whole = make(), first = make(), second = make();
    at::Tensor a = gradient(99), b = a.clone();
    for (int i = 0; i < 7; ++i) {
      whole.step(a, gradient(static_cast<uint64_t>(i)), 0.1);
      if (i == cut) second.restore(first.state());
      (i < cut ? first : second).step(b, gradient(static_cast<uint64_t>(i)), 0.1);
    }
    EXPECT_TRUE(at::equal(a, b)) << cut;
  }
}

// Liu et al. 2024, Eq. 5: four identical contributions, one Nesterov step each.
TEST(AsyncOuter, SequentialNesterovAmplifiesAsEquationFiveSays) {
  NesterovOptions options{.learning_rate = 1, .momentum = 0.9};
  Nesterov outer(options, 2, at::kDouble);
  // In the first element the momentum is 0 and the gradient 1, in the second the other way round.
  State state;
  state.tensors["outer_momentum"] = at::tensor({0.0, 1.0}, at::kDouble);
  outer.restore(state);
  const at::Tensor g = at::tensor({1.0, 0.0}, at::kDouble);
  at::Tensor anchor = flat_vector(2, at::kDouble);
  for (int i = 0; i < 4; ++i) outer.step(anchor, g, 0);
  const double b = 0.9;
  const double of_g = 4 + 4 * b + 3 * b * b + 2 * b * b * b + b * b * b * b;
  const double of_m = b * b * (1 + b + b * b + b * b * b);
  EXPECT_NEAR(of_g, 12.1441, 1e-12);
  EXPECT_NEAR(of_m, 2.78559, 1e-12);
  EXPECT_NEAR(anchor[0].item<double>(), -of_g, 1e-12);
  EXPECT_NEAR(anchor[1].item<double>(), -of_m, 1e-12);

  Nesterov once(options, 2, at::kDouble);
  once.restore(state);
  anchor.zero_();
  once.step(anchor, g, 0);
  EXPECT_NEAR(anchor[0].item<double>(), -1.9, 1e-12);
  EXPECT_NEAR(anchor[1].item<double>(), -0.81, 1e-12);
}

TEST(AsyncOuter, DelayedNesterovOfOneIsNesterov) {
  DelayedNesterov delayed({.learning_rate = 0.7, .momentum = 0.9, .delay = 1}, size, at::kDouble);
  Nesterov plain({.learning_rate = 0.7, .momentum = 0.9}, size, at::kDouble);
  at::Tensor a = gradient(0), b = gradient(0);
  for (uint64_t i = 1; i <= 50; ++i) {
    delayed.step(a, gradient(i), 0);
    plain.step(b, gradient(i), 0);
    ASSERT_LT(distance(a, b), 1e-12) << i;
  }
}

TEST(AsyncOuter, ABlockOfDelayedNesterovIsOneStepOnTheMean) {
  for (const int64_t n : {2, 4, 7}) {
    DelayedNesterov delayed({.learning_rate = 0.7, .momentum = 0.9, .delay = n}, size, at::kDouble);
    Buffered buffer(std::make_unique<Nesterov>(NesterovOptions{}, size, at::kDouble), n, size, at::kDouble);
    at::Tensor a = gradient(0), b = gradient(0);
    for (uint64_t i = 1; i <= static_cast<uint64_t>(50 * n); ++i) {
      const at::Tensor before = b.clone();
      delayed.step(a, gradient(i), 0);
      buffer.step(b, gradient(i), 0);
      if (i % static_cast<uint64_t>(n) != 0) {
        ASSERT_TRUE(at::equal(b, before)) << "a buffer waits";
        continue;
      }
      ASSERT_FALSE(at::equal(b, before));
      ASSERT_LT(distance(a, b), 1e-12) << i;
    }
  }
}

// Algorithm 3, written out with the sum of a block as the fact sheet derives it.
TEST(AsyncOuter, DelayedNesterovSpreadsTheMomentum) {
  const int64_t n = 4;
  const double c = 0.25, beta = 0.9, e = 0.7;
  DelayedNesterov delayed({.learning_rate = e, .momentum = beta, .delay = n, .spread = c}, size, at::kDouble);
  at::Tensor anchor = gradient(0), m = at::zeros({size}, at::kDouble);
  for (uint64_t block = 0; block < 10; ++block) {
    const at::Tensor before = anchor.clone();
    at::Tensor mean = at::zeros({size}, at::kDouble);
    for (uint64_t i = 0; i < 4; ++i) {
      const at::Tensor g = gradient(1 + 4 * block + i);
      mean += g / 4;
      delayed.step(anchor, g, 0);
    }
    const at::Tensor fresh = beta * m + mean;
    const double early = (n - 1) * c;
    const at::Tensor expected = before - e * (mean + beta * (early * m + (1 - early) * fresh));
    EXPECT_LT(distance(anchor, expected), 1e-13) << block;
    m = fresh;
  }
}

TEST(AsyncOuter, WithoutMomentumAllArePlainSteps) {
  HeavyBall sgd({.learning_rate = 0.3, .momentum = 0}, size, at::kDouble);
  DelayedNesterov delayed({.learning_rate = 0.3, .momentum = 0, .delay = 1}, size, at::kDouble);
  EmaNesterov ema({.learning_rate = 0.3, .momentum = 0}, size, at::kDouble);
  at::Tensor expected = gradient(0), a = gradient(0), b = gradient(0), d = gradient(0);
  for (uint64_t i = 1; i < 20; ++i) {
    expected -= 0.3 * gradient(i);
    sgd.step(a, gradient(i), 0);
    delayed.step(b, gradient(i), 0);
    ema.step(d, gradient(i), 0);
  }
  for (const at::Tensor& found : {a, b, d}) EXPECT_LT(distance(found, expected), 1e-13);
}

TEST(AsyncOuter, HeavyBallAndEmaFollowTheirFormulas) {
  HeavyBall ball({.learning_rate = 0.5, .momentum = 0.8}, size, at::kDouble);
  EmaNesterov ema({.learning_rate = 0.5, .momentum = 0.8}, size, at::kDouble);
  at::Tensor a = gradient(0), b = gradient(0), ea = a.clone(), eb = b.clone();
  at::Tensor ma = at::zeros({size}, at::kDouble), mb = ma.clone();
  for (uint64_t i = 1; i < 30; ++i) {
    const at::Tensor g = gradient(i);
    ball.step(a, g, 0);
    ema.step(b, g, 0);
    ma = 0.8 * ma + g;
    ea -= 0.5 * ma;
    mb = 0.8 * mb + 0.2 * g;
    eb -= 0.5 * (g + 0.8 * mb);
  }
  EXPECT_LT(distance(a, ea), 1e-13);
  EXPECT_LT(distance(b, eb), 1e-13);
  at::Tensor ahead_a = a.clone(), ahead_b = b.clone();
  ball.look_ahead(ahead_a);
  ema.look_ahead(ahead_b);
  EXPECT_LT(distance(ahead_a, a - 0.5 * 0.8 * ma), 1e-13);
  EXPECT_LT(distance(ahead_b, b - 0.5 * 0.8 * mb), 1e-13);
}

TEST(AsyncOuter, AdamsFirstStepIsTheLearningRateInEveryElement) {
  OuterAdam adam({.learning_rate = 0.01}, size, at::kDouble);
  at::Tensor anchor = gradient(0);
  adam.step(anchor, gradient(1), 0);
  EXPECT_LT(distance(anchor, gradient(0) - 0.01 * gradient(1).sign()), 1e-7);
}

TEST(DelayCompensation, AddsTheElementwiseTaylorTerm) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    at::Tensor g = normal_vector(size, type, 1);
    const at::Tensor before = g.clone(), now = normal_vector(size, type, 2);
    const at::Tensor start = normal_vector(size, type, 3);
    DelayCompensation compensation(0.5);
    EXPECT_TRUE(compensation.wants_start());
    compensation.apply(g, now, start);
    EXPECT_LT(distance(g, before + 0.5 * before * before * (now - start)), 1e-5);
    at::Tensor same = before.clone();
    compensation.apply(same, now, now);
    EXPECT_TRUE(at::equal(same, before)) << "nothing has moved: nothing to compensate";
  }
  EXPECT_THROW(DelayCompensation(0), OptionError);
}

TEST(AsyncOuter, WrongOptionsAreRefused) {
  EXPECT_THROW(HeavyBall({.learning_rate = 0}, 1, at::kDouble), OptionError);
  EXPECT_THROW(EmaNesterov({.momentum = 1}, 1, at::kDouble), OptionError);
  EXPECT_THROW(DelayedNesterov({.delay = 0}, 1, at::kDouble), OptionError);
  EXPECT_THROW(DelayedNesterov({.delay = 4, .spread = 0.26}, 1, at::kDouble), OptionError);
  EXPECT_NO_THROW(DelayedNesterov({.delay = 3, .spread = 1.0 / 3}, 1, at::kDouble));
  EXPECT_THROW(OuterAdam({.beta2 = 1}, 1, at::kDouble), OptionError);
  EXPECT_THROW(OuterAdam({.epsilon = 0}, 1, at::kDouble), OptionError);
  EXPECT_THROW(Buffered(nullptr, 0, 1, at::kDouble), OptionError);
}

}  // namespace
}  // namespace muster
