#pragma once

#include "muster/optim/async_outer_options.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// Momentum look-ahead (MLA; "Momentum Look-Ahead for Asynchronous Distributed Low-Communication Training",
/// MCDC workshop at ICLR 2025): Nesterov's step with the momentum as an exponential mean, so that it never
/// outgrows the gradients:
///   m = momentum * m + (1 - momentum) * outer_gradient
///   anchor -= learning_rate * (outer_gradient + momentum * m)
class EmaNesterov final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  EmaNesterov(const OuterMomentumOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  /// parameters -= learning_rate * momentum * m (HeLoCo, arXiv 2606.00271, 2026)
  void look_ahead(Vector& parameters) const override;
  /// Tensor "outer_momentum".
  State state() const override;
  void restore(const State& state) override;

 private:
  OuterMomentumOptions options_;
  Vector momentum_;
};

}  // namespace muster::inline optim
