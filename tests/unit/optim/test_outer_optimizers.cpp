#include <gmock/gmock.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/slowmo.h"
#include "tests/contract/outer_optimizer_contract.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using contract::check_outer_optimizer;
using test::vector_from;
using testing::IsEmpty;

TEST(OuterOptimizerContract, EveryOneKeepsIt) {
  EXPECT_THAT(check_outer_optimizer([](int64_t, ElementType) { return std::make_unique<PlainAverage>(); }),
              IsEmpty());
  EXPECT_THAT(check_outer_optimizer([](int64_t size, ElementType type) {
                return std::make_unique<SlowMo>(SlowMoOptions{}, size, type);
              }),
              IsEmpty());
  EXPECT_THAT(check_outer_optimizer([](int64_t size, ElementType type) {
                return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
              }),
              IsEmpty());
}

/// Forgets its momentum when restored, drifts without gradient, and lies about the mean.
class Broken final : public OuterOptimizer {
 public:
  void step(Vector& anchor, const Vector& outer_gradient, double) override {
    steps_ += 1;
    const Vector move = outer_gradient.copy(), drift = flat_vector(anchor.size(), anchor.type());
    multiply(move, 0.5 * steps_);
    fill(drift, 1e-3);
    subtract(anchor, move, anchor);
    subtract(anchor, drift, anchor);
  }
  bool is_plain_mean() const override { return true; }

 private:
  double steps_ = 0;
};

TEST(OuterOptimizerContract, FindsBrokenPromises) {
  const auto broken = check_outer_optimizer([](int64_t, ElementType) { return std::make_unique<Broken>(); });
  EXPECT_THAT(broken, testing::Contains(testing::HasSubstr("move the anchor")));
  EXPECT_THAT(broken, testing::Contains(testing::HasSubstr("is not the mean")));
  EXPECT_THAT(broken, testing::Contains(testing::HasSubstr("restored before meeting 4")));
}

Vector one(double value) { return vector_from<double>({value}); }

double value(const Vector& vector) { return test::value_at(vector, 0); }

TEST(OuterOptimizers, OnlyTheAverageIsAPlainMean) {
  EXPECT_TRUE(PlainAverage().is_plain_mean());
  EXPECT_FALSE(SlowMo({}, 1, ElementType::float64).is_plain_mean());
  EXPECT_FALSE(Nesterov({}, 1, ElementType::float64).is_plain_mean());
}

TEST(SlowMo, FollowsThePaperByHand) {
  SlowMo outer({.learning_rate = 0.8, .momentum = 0.5}, 1, ElementType::float64);
  Vector anchor = one(10);
  outer.step(anchor, one(1), 0.1);  // u = 10; anchor -= 0.8 * 0.1 * 10
  EXPECT_NEAR(value(anchor), 9.2, 1e-14);
  outer.step(anchor, one(1), 0.2);  // u = 5 + 5 = 10; anchor -= 0.8 * 0.2 * 10
  EXPECT_NEAR(value(anchor), 7.6, 1e-14);
  outer.step(anchor, one(0.6), 0);  // plain average, u kept
  EXPECT_NEAR(value(anchor), 7.0, 1e-14);
  outer.step(anchor, one(0), 0.1);  // u = 5; anchor -= 0.8 * 0.1 * 5
  EXPECT_NEAR(value(anchor), 6.6, 1e-14);
}

// Four equal outer gradients, sequential Nesterov steps: theta4 = theta - e [(4+4b+3b^2+2b^3+b^4) g +
// b^2 (1+b+b^2+b^3) m], with b = 0.9: 12.1441 g and 2.78559 m (asynchronous local SGD, Liu et al. 2024, eq.
// 5).
TEST(Nesterov, FourEqualGradientsGiveThePublishedCoefficients) {
  Nesterov outer({.learning_rate = 1, .momentum = 0.9}, 1, ElementType::float64);
  State state;
  state.tensors["outer_momentum"] = one(1);
  outer.restore(state);
  Vector anchor = one(0);
  for (int i = 0; i < 4; ++i) outer.step(anchor, one(0), 0);
  EXPECT_NEAR(value(anchor), -2.78559, 1e-12);
  outer.restore(Nesterov({}, 1, ElementType::float64).state());
  anchor = one(0);
  for (int i = 0; i < 4; ++i) outer.step(anchor, one(1), 0);
  EXPECT_NEAR(value(anchor), -12.1441, 1e-12);
}

template <class Make>
void expect_parts_like_the_whole(const Make& make) {
  constexpr int64_t size = 9, cut = 4;
  auto whole = make(size), in_parts = make(size);
  Vector anchor = flat_vector(size, ElementType::float64), other = flat_vector(size, ElementType::float64);
  Vector gradient = flat_vector(size, ElementType::float64);
  for (int step = 0; step < 3; ++step) {
    for (int64_t i = 0; i < size; ++i) gradient.data<double>()[i] = static_cast<double>(i * i + step) / 7;
    whole->step(anchor, gradient, 0.1);
    Vector tail = other.part(cut, size - cut), head = other.part(0, cut);
    in_parts->step_part(tail, gradient.part(cut, size - cut), cut, 0.1);
    in_parts->step_part(head, gradient.part(0, cut), 0, 0.1);
    for (int64_t i = 0; i < size; ++i) EXPECT_EQ(anchor.data<double>()[i], other.data<double>()[i]);
  }
}

TEST(OuterOptimizers, PartsMakeTheStepsOfTheWhole) {
  expect_parts_like_the_whole([](int64_t) { return std::make_unique<PlainAverage>(); });
  expect_parts_like_the_whole(
      [](int64_t size) { return std::make_unique<SlowMo>(SlowMoOptions{}, size, ElementType::float64); });
  expect_parts_like_the_whole(
      [](int64_t size) { return std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float64); });
  Vector anchor = one(0);
  EXPECT_THROW(Broken().step_part(anchor, one(1), 0, 0.1), Error);
}

TEST(OuterOptimizers, RefuseBadOptionsAndStates) {
  EXPECT_THROW(SlowMo({.learning_rate = 0}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(SlowMo({.momentum = 1}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(Nesterov({.learning_rate = -1}, 1, ElementType::float64), OptionError);
  EXPECT_THROW(Nesterov({.momentum = std::nan("")}, 1, ElementType::float64), OptionError);
  try {
    NesterovOptions{.momentum = 1.5}.validate();
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "outer.momentum = 1.5: give a number from 0 to below 1");
  }
  Nesterov outer({}, 3, ElementType::float64);
  EXPECT_THROW(outer.restore({}), CheckpointError);
  EXPECT_THROW(outer.restore(Nesterov({}, 4, ElementType::float64).state()), CheckpointError);
  Vector anchor = flat_vector(4, ElementType::float64);
  EXPECT_THROW(outer.step(anchor, flat_vector(4, ElementType::float64), 0.1), Bug);
}

}  // namespace
}  // namespace muster
