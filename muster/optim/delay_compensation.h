#pragma once

#include "muster/optim/correction.h"

namespace muster::inline optim {

/// Delay compensation (Zheng et al., "Asynchronous Stochastic Gradient Descent with Delay Compensation", ICML
/// 2017), applied to pseudo-gradients as in Liu et al. 2024:
///   g <- g + strength * g * g * (parameters now - parameters at the start)      (elementwise)
class DelayCompensation final : public Correction {
 public:
  /// `strength`: async.delay_compensation, lambda > 0. Throws OptionError.
  explicit DelayCompensation(double strength);
  bool wants_start() const override { return true; }
  void apply(Vector& pseudo_gradient, const Vector& parameters, const Vector& start) override;

 private:
  double strength_;
};

}  // namespace muster::inline optim
