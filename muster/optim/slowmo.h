#pragma once

#include "muster/optim/outer_optimizer.h"
#include "muster/optim/outer_options.h"

namespace muster::inline optim {

/// Slow momentum (Wang, Tantia, Ballas, Rabbat, "SlowMo", ICLR 2020). With gamma = rate of the last local
/// step:
///   u = momentum * u + outer_gradient / gamma;   anchor -= learning_rate * gamma * u
/// At gamma = 0 the replicas have not moved by a gradient: plain averaging, and u is kept.
class SlowMo final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  SlowMo(const SlowMoOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  void step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin,
                 double inner_learning_rate) override;
  /// Tensor "slow_momentum".
  State state() const override;
  void restore(const State& state) override;

 private:
  SlowMoOptions options_;
  Vector momentum_;
};

}  // namespace muster::inline optim
