#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/convex/convex_step_size.h"

namespace muster {

struct LocalSgdOptions {
  int64_t workers = 1;  ///< K
  int64_t batch = 1;    ///< b, samples of a worker's step
  uint64_t seed = 1;
  ConvexStepSize step_size;
};

/// A method on a convex problem, advanced by its caller from x = 0.
class ConvexMethod {
 public:
  virtual ~ConvexMethod() = default;
  /// Every worker takes `period` steps more, so many times over; the synchronous form meets after each.
  virtual void advance(int64_t period, int64_t rounds) = 0;
  virtual int64_t step() const = 0;
  /// What a user could read now: the workers' mean after a meeting, or the server's visible vector.
  virtual std::vector<double> last() const = 0;
  /// Where gradients were taken lately: the newest iterates of at most `most` workers, evenly among all, as
  /// they were before their last meeting; none where all have the one of last().
  virtual std::vector<std::vector<double>> iterates(int64_t most) const = 0;
  /// Weighted average of the workers' mean over the steps 0, ..., step() - 1 (each before its step).
  virtual std::vector<double> weighted() const = 0;
};

}  // namespace muster
