#pragma once

#include <cstdint>

namespace muster::inline schedule {

/// The learning rate of every step, as far as it is known.
class StepRate {
 public:
  virtual ~StepRate() = default;
  /// The learning rate of a step, counted from 0. REQUIRES: it is known.
  virtual double at(int64_t step) const = 0;
};

}  // namespace muster::inline schedule
