#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/convex/convex_step_size.h"

namespace muster::inline theory {

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
  /// Makes `rounds` rounds of `period` steps on every worker; the synchronous form meets after each round.
  virtual void advance(int64_t period, int64_t rounds) = 0;
  virtual int64_t step() const = 0;
  /// The current result: the workers' mean after a meeting, or the server's visible vector.
  virtual std::vector<double> last() const = 0;
  /// The iterates of at most `most` workers, evenly chosen, as they were before their last meeting; empty
  /// where all of them equal last().
  virtual std::vector<std::vector<double>> iterates(int64_t most) const = 0;
  /// Weighted average of the workers' mean over the steps 0, ..., step() - 1 (each before its step).
  virtual std::vector<double> weighted() const = 0;
};

}  // namespace muster::inline theory
