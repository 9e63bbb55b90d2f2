#pragma once

#include "muster/optim/async_outer_options.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// Delayed Nesterov (Liu et al. 2024, arXiv 2401.09135, Algorithm 3). Each contribution g moves the anchor at
/// once, the momentum only with every N-th. With beta = momentum, e = learning_rate, c = spread, D = 0 at
/// first:
///   D += g
///   every N-th call:  m = beta * m + D / N;   anchor -= e * ((1 - c N + c) * beta * m + g / N);   D = 0
///   other calls:                              anchor -= e * (c * beta * m + g / N)
/// With c = 0, N calls together are one step of Nesterov on the mean of their contributions; N = 1 is
/// Nesterov. Contributions carry no weight of their own: g enters as g / N.
class DelayedNesterov final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  DelayedNesterov(const DelayedNesterovOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  /// Tensors "outer_momentum" and "contributions" (D), number "calls".
  State state() const override;
  void restore(const State& state) override;

 private:
  template <class T>
  void step_as(Vector& anchor, const Vector& gradient);

  DelayedNesterovOptions options_;
  Vector momentum_;
  Vector sum_;
  int64_t calls_ = 0;  // since the momentum's last step
};

}  // namespace muster::inline optim
