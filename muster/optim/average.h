#pragma once

#include "muster/optim/outer_optimizer.h"

namespace muster::inline optim {

/// Plain averaging (local SGD, Stich, ICLR 2019): anchor -= outer_gradient, that is anchor = mean of the
/// replicas.
class PlainAverage final : public OuterOptimizer {
 public:
  void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) override;
  void step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin,
                 double inner_learning_rate) override;
  bool is_plain_mean() const override { return true; }
};

}  // namespace muster::inline optim
