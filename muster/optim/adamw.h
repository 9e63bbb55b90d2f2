#pragma once

#include "muster/optim/decay_segments.h"
#include "muster/optim/inner_optimizer.h"
#include "muster/optim/inner_options.h"

namespace muster::inline optim {

/// Adam with decoupled weight decay (Loshchilov, Hutter, ICLR 2019), as torch.optim.AdamW. With g =
/// gradient_scale * gradient and t = steps done, this one included:
///   p *= 1 - learning_rate * weight_decay
///   m  = beta1 * m + (1 - beta1) * g;   v = beta2 * v + (1 - beta2) * g^2
///   p -= learning_rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
class AdamW final : public InnerOptimizer {
 public:
  /// REQUIRES: type is ElementType::float32 or ElementType::float64. Throws OptionError.
  AdamW(const AdamWOptions& options, const Layout& layout, ElementType type);

  void step(Vector& parameters, const Vector& gradient, double learning_rate,
            double gradient_scale = 1.0) override;
  /// First and second moments.
  std::vector<Vector> moments() override { return {first_, second_}; }
  void reset() override;
  /// Number "steps", tensors "first_moment" and "second_moment".
  State state() const override;
  void restore(const State& state) override;

 private:
  template <class T>
  void step_as(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale);

  AdamWOptions options_;
  int64_t size_;
  ElementType type_;
  std::vector<DecaySegment> segments_;
  Vector first_;
  Vector second_;
  int64_t steps_ = 0;
};

}  // namespace muster::inline optim
