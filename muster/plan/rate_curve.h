#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "muster/schedule/learning_rate.h"

namespace muster::inline plan {

/// The learning rate of every step of a run, computed once for all schedules that are walked over it.
class RateCurve {
 public:
  /// Throws OptionError (run.steps): less than 1, or more than 200,000,000 (3.2 GB).
  RateCurve(const LearningRate& learning_rate, int64_t total_steps);

  int64_t steps() const { return static_cast<int64_t>(rates_.size()); }
  double at(int64_t step) const { return rates_[static_cast<size_t>(step)]; }
  /// Sum of lr^2 over the steps begin ... end - 1.
  double square_sum(int64_t begin, int64_t end) const {
    return squares_[static_cast<size_t>(end)] - squares_[static_cast<size_t>(begin)];
  }

 private:
  std::vector<double> rates_, squares_;  // squares_[t]: sum over the steps before t
};

}  // namespace muster::inline plan
