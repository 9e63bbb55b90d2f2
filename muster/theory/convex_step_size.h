#pragma once

#include <cstdint>

namespace muster {

enum class StepSizeRule { constant, inverse, theorem };

/// The learning rate of step t = 0, 1, ..., and the weight of the iterate before it in the weighted average:
///
///     constant   learning_rate                                weight (t + 1)^2
///     inverse    min(32, learning_rate samples / (t + 1))     weight (t + 1)^2
///     theorem    4 / (mu (a + t)),  a = max(16 kappa, H) + 1  weight (a + t)^2    Stich, ICLR 2019,
///     Theorem 2.2
struct ConvexStepSize {
  StepSizeRule rule = StepSizeRule::inverse;
  double learning_rate = 0.125;
  double samples = 1;  ///< n, of inverse
  double mu = 1;       ///< of theorem: strong convexity
  double shift = 1;    ///< of theorem: a

  double at(int64_t step) const {
    const auto t = static_cast<double>(step);
    if (rule == StepSizeRule::constant) return learning_rate;
    if (rule == StepSizeRule::theorem) return 4 / (mu * (shift + t));
    const double rate = learning_rate * samples / (t + 1);
    return rate < largest_inverse ? rate : largest_inverse;
  }
  double weight(int64_t step) const {
    const double root = static_cast<double>(step) + (rule == StepSizeRule::theorem ? shift : 1.0);
    return root * root;
  }
  /// Sum of the weights of so many steps from `first` on.
  double weight_sum(int64_t first, int64_t steps) const {
    const double root = static_cast<double>(first) + (rule == StepSizeRule::theorem ? shift : 1.0);
    const auto n = static_cast<double>(steps);
    return n * root * root + root * n * (n - 1) + (n - 1) * n * (2 * n - 1) / 6;
  }
  /// The largest of all steps.
  double largest() const { return at(0); }

  static constexpr double largest_inverse = 32;
};

}  // namespace muster
