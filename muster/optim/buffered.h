#pragma once

#include <memory>

#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// A buffer of contributions (FedBuff: Nguyen et al., AISTATS 2022, arXiv 2106.06639; "Async Buffer" of Liu
/// et al. 2024): the anchor stays where it is until N contributions have come, then another outer optimizer
/// makes one step with their mean.
class Buffered final : public OuterOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64; `outer` is for such vectors. Throws
  /// OptionError where delay < 1.
  Buffered(std::unique_ptr<OuterOptimizer> outer, int64_t delay, int64_t size, ElementType type);

  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  void look_ahead(Vector& parameters) const override { outer_->look_ahead(parameters); }
  /// Tensor "contributions" (their sum), number "calls", and the other optimizer's under "outer".
  State state() const override;
  void restore(const State& state) override;

 private:
  std::unique_ptr<OuterOptimizer> outer_;
  int64_t delay_;
  Vector sum_;
  int64_t calls_ = 0;
};

}  // namespace muster::inline optim
