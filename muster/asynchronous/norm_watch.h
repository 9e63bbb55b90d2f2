#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "muster/base/numbers.h"

namespace muster::inline asynchronous {

/// What becomes of a contribution whose norm is far above the running median (async.outlier).
enum class Outliers { accept, warn, refuse };

/// The running median of the norms of counted contributions: the upper median of the last `window` of them,
/// once there are `least` and it is not 0. A function of the contributions in their order, so that a replay
/// finds the same bits. A norm above `far` times the median is far above it.
class NormWatch {
 public:
  static constexpr size_t window = 63, least = 7;
  static constexpr double far = 100;

  void add(double norm);
  /// Nothing while too few were counted, or most were 0.
  std::optional<double> median() const;
  bool far_above(double norm) const;

  Numbers state() const;
  /// Throws CheckpointError.
  void restore(const Numbers& numbers);

 private:
  std::vector<double> norms_;  // a ring once it is full
  size_t next_ = 0;
};

}  // namespace muster::inline asynchronous
