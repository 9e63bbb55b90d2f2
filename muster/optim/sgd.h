#pragma once

#include "muster/optim/decay_segments.h"
#include "muster/optim/inner_optimizer.h"
#include "muster/optim/inner_options.h"

namespace muster::inline optim {

/// Stochastic gradient descent with (Nesterov) momentum, as torch.optim.SGD (Sutskever et al., ICML 2013, in
/// torch's form). With g = gradient_scale * gradient + weight_decay * p:
///   buf = g at the first step, momentum * buf + (1 - dampening) * g later
///   p  -= learning_rate * buf            (Nesterov: g + momentum * buf; without momentum: g)
class Sgd final : public InnerOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  Sgd(const SgdOptions& options, const Layout& layout, ElementType type);

  void step(Vector& parameters, const Vector& gradient, double learning_rate,
            double gradient_scale = 1.0) override;
  /// The momentum buffer; nothing without momentum.
  std::vector<Vector> moments() override;
  void reset() override;
  /// Number "started" (0 or 1) and tensor "momentum" (where there is momentum).
  State state() const override;
  void restore(const State& state) override;

 private:
  template <class T>
  void step_as(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale);

  SgdOptions options_;
  int64_t size_;
  ElementType type_;
  std::vector<DecaySegment> segments_;
  Vector momentum_;  // undefined without momentum
  bool started_ = false;
};

}  // namespace muster::inline optim
