#pragma once

#include "muster/optim/async_outer_options.h"
#include "muster/optim/outer_optimizer.h"

namespace muster {

/// Heavy ball momentum (Polyak 1964) on the outer gradient, as torch.optim.SGD:
///   m = momentum * m + outer_gradient;   anchor -= learning_rate * m
/// With momentum 0 it is a plain step: anchor -= learning_rate * outer_gradient.
class HeavyBall final : public OuterOptimizer {
 public:
  /// REQUIRES: type is at::kFloat or at::kDouble. Throws OptionError.
  HeavyBall(const OuterMomentumOptions& options, int64_t size, at::ScalarType type);

  void step(at::Tensor& anchor, const at::Tensor& outer_gradient, double inner_learning_rate) override;
  /// parameters -= learning_rate * momentum * m
  void look_ahead(at::Tensor& parameters) const override;
  /// Tensor "outer_momentum" where there is momentum.
  State state() const override;
  void restore(const State& state) override;

 private:
  OuterMomentumOptions options_;
  int64_t size_;
  at::ScalarType type_;
  at::Tensor momentum_;  // undefined without momentum
};

}  // namespace muster
