#pragma once

#include "muster/optim/outer_optimizer.h"
#include "muster/optim/outer_options.h"

namespace muster {

/// DiLoCo's outer step (Douillard et al. 2023, arXiv 2311.08105): Nesterov momentum on the outer gradient, as
/// torch.optim.SGD(nesterov=True):
///   m = momentum * m + outer_gradient;   anchor -= learning_rate * (outer_gradient + momentum * m)
class Nesterov final : public OuterOptimizer {
 public:
  /// REQUIRES: type is at::kFloat or at::kDouble. Throws OptionError.
  Nesterov(const NesterovOptions& options, int64_t size, at::ScalarType type);

  void step(at::Tensor& anchor, const at::Tensor& outer_gradient, double inner_learning_rate) override;
  void step_part(at::Tensor& anchor, const at::Tensor& outer_gradient, int64_t begin,
                 double inner_learning_rate) override;
  /// parameters -= learning_rate * momentum * m
  void look_ahead(at::Tensor& parameters) const override;
  /// Tensor "outer_momentum".
  State state() const override;
  void restore(const State& state) override;

 private:
  NesterovOptions options_;
  at::Tensor momentum_;
};

}  // namespace muster
