#pragma once

#include "muster/optim/async_outer_options.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// Heavy ball momentum (Polyak 1964) on the outer gradient, as torch.optim.SGD:
///   m = momentum * m + outer_gradient;   anchor -= learning_rate * m
/// With momentum 0 it is a plain step: anchor -= learning_rate * outer_gradient.
class HeavyBall final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  HeavyBall(const OuterMomentumOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  /// parameters -= learning_rate * momentum * m
  void look_ahead(Vector& parameters) const override;
  /// Tensor "outer_momentum" where there is momentum.
  State state() const override;
  void restore(const State& state) override;

 private:
  OuterMomentumOptions options_;
  int64_t size_;
  ElementType type_;
  Vector momentum_;  // undefined without momentum
};

}  // namespace muster::inline optim
