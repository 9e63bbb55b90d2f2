#pragma once

#include "muster/optim/adamw.h"
#include "muster/optim/async_outer_options.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// Adam as the outer step (Reddi et al., "Adaptive Federated Optimization", ICLR 2021), with bias correction
/// as torch.optim.Adam. With g = outer_gradient:
///   m = beta1 * m + (1 - beta1) * g;   v = beta2 * v + (1 - beta2) * g^2
///   anchor -= learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
class OuterAdam final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  OuterAdam(const OuterAdamOptions& options, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override {
    (void)inner_learning_rate;
    adam_.step(anchor, outer_gradient, learning_rate_);
  }
  State state() const override { return adam_.state(); }
  void restore(const State& state) override { adam_.restore(state); }

 private:
  double learning_rate_;
  AdamW adam_;
};

}  // namespace muster::inline optim
