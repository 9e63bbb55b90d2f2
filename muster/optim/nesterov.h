#pragma once

#include "muster/optim/outer_optimizer.h"
#include "muster/optim/outer_options.h"

namespace muster::inline optim {

/// DiLoCo's outer step (Douillard et al. 2023, arXiv 2311.08105): Nesterov momentum on the outer gradient, as
/// torch.optim.SGD(nesterov=True):
///   m = momentum * m + outer_gradient;   anchor -= learning_rate * (outer_gradient + momentum * m)
class Nesterov final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  Nesterov(const NesterovOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  void step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin,
                 double inner_learning_rate) override;
  /// parameters -= learning_rate * momentum * m
  void look_ahead(Vector& parameters) const override;
  /// Tensor "outer_momentum".
  State state() const override;
  void restore(const State& state) override;

 private:
  NesterovOptions options_;
  Vector momentum_;
};

}  // namespace muster::inline optim
