#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/optim/adamw.h"
#include "muster/optim/sgd.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::noise;

/// Weights, biases and norms in an order that gives several segments, with odd sizes.
Layout small_layout() {
  Layout layout;
  layout.add("weight", {17, 9});
  layout.add("bias", {17}, true);
  layout.add("norm", {5}, true);
  layout.add("weight2", {31, 13});
  layout.add("scalar", {}, true);
  layout.add("weight3", {111});
  return layout;
}

/// All elements of one value.
Vector constant(int64_t size, ElementType type, double value) {
  Vector vector = flat_vector(size, type);
  fill(vector, value);
  return vector;
}

TEST(DecaySegments, MergeNeighbours) {
  const Layout layout = small_layout();
  EXPECT_EQ(decay_segments(layout, true), (std::vector<DecaySegment>{{0, layout.size(), true}}));
  EXPECT_EQ(decay_segments(layout, false),
            (std::vector<DecaySegment>{
                {0, 153, true}, {153, 22, false}, {175, 403, true}, {578, 1, false}, {579, 111, true}}));
  EXPECT_TRUE(decay_segments(Layout(), false).empty());
}

TEST(DecaySegments, NormsAndBiasesAreLeftOutWhenAsked) {
  const Layout layout = small_layout();
  for (const bool decay_all : {false, true}) {
    Sgd optimizer({.momentum = 0, .weight_decay = 0.5, .decay_norm_and_bias = decay_all}, layout,
                  ElementType::float64);
    Vector parameters = constant(layout.size(), ElementType::float64, 1);
    optimizer.step(parameters, flat_vector(layout.size(), ElementType::float64), 0.1);
    for (const Piece& piece : layout.pieces())
      EXPECT_EQ(parameters.data<double>()[piece.offset], decay_all || !piece.norm_or_bias ? 0.95 : 1)
          << piece.name;
  }
}

using Maker = std::function<std::unique_ptr<InnerOptimizer>(ElementType)>;

std::vector<std::pair<std::string, Maker>> makers() {
  const Layout layout = small_layout();
  return {
      {"plain", [=](ElementType t) { return std::make_unique<Sgd>(SgdOptions{.momentum = 0}, layout, t); }},
      {"momentum",
       [=](ElementType t) {
         return std::make_unique<Sgd>(SgdOptions{.dampening = 0.2, .weight_decay = 0.1}, layout, t);
       }},
      {"nesterov",
       [=](ElementType t) { return std::make_unique<Sgd>(SgdOptions{.nesterov = true}, layout, t); }},
      {"adamw", [=](ElementType t) {
         return std::make_unique<AdamW>(AdamWOptions{.weight_decay = 0.1, .decay_norm_and_bias = false},
                                        layout, t);
       }}};
}

TEST(InnerOptimizers, RestoredEqualsUninterrupted) {
  const int64_t size = small_layout().size();
  for (const auto& [name, make] : makers())
    for (const ElementType type : {ElementType::float32, ElementType::float64})
      for (const int interruption : {0, 1, 4}) {
        const auto whole = make(type), first = make(type), second = make(type);
        Vector one = noise(size, type, 1), other = one.copy();
        for (int step = 0; step < 8; ++step) {
          const Vector gradient = noise(size, type, 20 + static_cast<uint64_t>(step));
          whole->step(one, gradient, 0.1, 0.3);
          if (step == interruption) second->restore(first->state());
          (step < interruption ? first : second)->step(other, gradient, 0.1, 0.3);
        }
        EXPECT_TRUE(same_bits(one, other)) << name << " interrupted before step " << interruption;
      }
}

TEST(InnerOptimizers, ResetIsAsAtTheFirstStep) {
  const int64_t size = small_layout().size();
  for (const auto& [name, make] : makers()) {
    const auto used = make(ElementType::float64), fresh = make(ElementType::float64);
    Vector warm = noise(size, ElementType::float64, 1);
    for (int step = 0; step < 5; ++step) used->step(warm, noise(size, ElementType::float64, 9), 0.1);
    used->reset();
    for (const Vector& moment : used->moments())
      EXPECT_TRUE(same_bits(moment, flat_vector(size, ElementType::float64)));
    Vector one = noise(size, ElementType::float64, 2), other = one.copy();
    for (int step = 0; step < 3; ++step) {
      const Vector gradient = noise(size, ElementType::float64, 30 + static_cast<uint64_t>(step));
      used->step(one, gradient, 0.1);
      fresh->step(other, gradient, 0.1);
    }
    EXPECT_TRUE(same_bits(one, other)) << name;
  }
}

// With bias correction begun anew the first step has length learning_rate in every coordinate.
TEST(AdamW, ResetBeginsTheBiasCorrectionAnew) {
  const Layout layout = small_layout();
  AdamW optimizer({}, layout, ElementType::float64);
  Vector parameters = flat_vector(layout.size(), ElementType::float64);
  const Vector gradient = constant(layout.size(), ElementType::float64, 3);
  for (int step = 0; step < 50; ++step) optimizer.step(parameters, gradient, 0.01);
  optimizer.reset();
  parameters.fill_zero();
  optimizer.step(parameters, gradient, 0.01);
  EXPECT_NEAR(parameters.data<double>()[0], -0.01, 1e-9);
}

// The size of the vector decides how much of it runs in blocks: element i must not notice.
TEST(InnerOptimizers, BitsDoNotDependOnTheVectorsLength) {
  Layout whole, part;
  whole.add("all", {1000});
  part.add("some", {333});
  for (const bool adam : {false, true}) {
    const auto make = [&](const Layout& layout) -> std::unique_ptr<InnerOptimizer> {
      if (adam)
        return std::make_unique<AdamW>(AdamWOptions{.weight_decay = 0.1}, layout, ElementType::float32);
      return std::make_unique<Sgd>(SgdOptions{.weight_decay = 0.1}, layout, ElementType::float32);
    };
    const auto long_one = make(whole), short_one = make(part);
    Vector p = noise(1000, ElementType::float32, 1), q = flat_vector(333);
    q.copy_from(p.part(0, 333));
    for (uint64_t step = 0; step < 5; ++step) {
      const Vector gradient = noise(1000, ElementType::float32, 40 + step);
      long_one->step(p, gradient, 0.1);
      short_one->step(q, gradient.part(0, 333), 0.1);
    }
    EXPECT_TRUE(same_bits(p.part(0, 333), q));
  }
}

TEST(InnerOptimizers, MomentsAreOfferedForAveraging) {
  const Layout layout = small_layout();
  EXPECT_TRUE(Sgd({.momentum = 0}, layout, ElementType::float32).moments().empty());
  EXPECT_EQ(Sgd({}, layout, ElementType::float32).moments().size(), 1U);
  EXPECT_EQ(AdamW({}, layout, ElementType::float32).moments().size(), 2U);
  Sgd optimizer({}, layout, ElementType::float64);
  Vector parameters = flat_vector(layout.size(), ElementType::float64);
  optimizer.step(parameters, constant(layout.size(), ElementType::float64, 1), 0.1);
  fill(optimizer.moments()[0], 2);  // what a meeting writes is what the next step uses
  optimizer.step(parameters, flat_vector(layout.size(), ElementType::float64), 0.1);
  EXPECT_NEAR(parameters.data<double>()[0], -0.1 - 0.1 * 1.8, 1e-15);
}

TEST(InnerOptimizers, RefuseBadOptionsVectorsAndStates) {
  const Layout layout = small_layout();
  EXPECT_THROW(SgdOptions{.momentum = 1}.validate(), OptionError);
  EXPECT_THROW(SgdOptions{.dampening = -0.1}.validate(), OptionError);
  EXPECT_THROW(SgdOptions{.weight_decay = -1}.validate(), OptionError);
  EXPECT_THROW((SgdOptions{.momentum = 0, .nesterov = true}.validate()), OptionError);
  EXPECT_THROW((SgdOptions{.dampening = 0.1, .nesterov = true}.validate()), OptionError);
  EXPECT_THROW(AdamWOptions{.beta1 = 1}.validate(), OptionError);
  EXPECT_THROW(AdamWOptions{.beta2 = -0.1}.validate(), OptionError);
  EXPECT_THROW(AdamWOptions{.epsilon = 0}.validate(), OptionError);
  EXPECT_THROW(AdamWOptions{.weight_decay = std::nan("")}.validate(), OptionError);
  Sgd optimizer({}, layout, ElementType::float32);
  Vector parameters = flat_vector(layout.size());
  EXPECT_THROW(optimizer.step(parameters, flat_vector(layout.size() - 1), 0.1), Bug);
  EXPECT_THROW(optimizer.step(parameters, flat_vector(layout.size(), ElementType::float64), 0.1), Bug);
  EXPECT_THROW(optimizer.restore(AdamW({}, layout, ElementType::float32).state()), CheckpointError);
  EXPECT_THROW(optimizer.restore(Sgd({}, layout, ElementType::float64).state()), CheckpointError);
}

}  // namespace
}  // namespace muster
