#pragma once

#include <cstdint>

namespace muster::inline theory {

enum class StepSizeRule { constant, inverse, theorem };

/// How the weights of the iterates grow in the weighted average.
enum class IterateAverage { uniform, linear, quadratic };

/// The learning rate of step t = 0, 1, ..., and the weight r^p of the iterate before it in the weighted
/// average, where p = 0, 1, 2 for the uniform, linear and quadratic average:
///
///     constant   learning_rate                                r = t + 1
///     inverse    min(32, learning_rate samples / (t + 1))     r = t + 1
///     theorem    4 / (mu (a + t)),  a = max(16 kappa, H) + 1  r = a + t   (p = 2: Theorem 2.2 of Stich,
///                                                                         ICLR 2019)
struct ConvexStepSize {
  StepSizeRule rule = StepSizeRule::inverse;
  double learning_rate = 0.125;
  double samples = 1;  ///< n, of inverse
  double mu = 1;       ///< of theorem: strong convexity
  double shift = 1;    ///< of theorem: a
  IterateAverage average = IterateAverage::quadratic;

  double at(int64_t step) const {
    const auto t = static_cast<double>(step);
    if (rule == StepSizeRule::constant) return learning_rate;
    if (rule == StepSizeRule::theorem) return 4 / (mu * (shift + t));
    const double rate = learning_rate * samples / (t + 1);
    return rate < largest_inverse ? rate : largest_inverse;
  }
  double weight(int64_t step) const {
    if (average == IterateAverage::uniform) return 1;
    const double root = root_of(step);
    return average == IterateAverage::linear ? root : root * root;
  }
  /// Sum of the weights of the `steps` steps from `first` on.
  double weight_sum(int64_t first, int64_t steps) const {
    const double root = root_of(first);
    const auto n = static_cast<double>(steps);
    if (average == IterateAverage::uniform) return n;
    if (average == IterateAverage::linear) return n * root + n * (n - 1) / 2;
    return n * root * root + root * n * (n - 1) + (n - 1) * n * (2 * n - 1) / 6;
  }
  /// The largest of all steps.
  double largest() const { return at(0); }

  static constexpr double largest_inverse = 32;

 private:
  double root_of(int64_t step) const {
    return static_cast<double>(step) + (rule == StepSizeRule::theorem ? shift : 1.0);
  }
};

}  // namespace muster::inline theory
