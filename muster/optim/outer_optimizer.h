#pragma once

#include "muster/base/error.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"

namespace muster::inline optim {

/// WHAT happens at a meeting. outer_gradient = anchor - mean of the replicas, treated as a gradient.
class OuterOptimizer {
 public:
  virtual ~OuterOptimizer() = default;
  /// Moves the anchor. `inner_learning_rate`: of the last local step before the meeting. Both vectors: flat,
  /// of one size and type.
  virtual void step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) = 0;
  /// The same for a part of the vector: `anchor` and `outer_gradient` are its elements from `begin` on. Where
  /// fragments meet by turns, each makes its steps at its own meetings. Throws Error where the optimizer's
  /// state cannot be split.
  virtual void step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin,
                         double inner_learning_rate) {
    (void)anchor, (void)outer_gradient, (void)begin, (void)inner_learning_rate;
    throw Error("this outer optimizer makes no steps on a part of the vector");
  }
  /// True: the new anchor is the mean itself, so a meeting need not form the outer gradient (anchor - (anchor
  /// - mean) is not the mean to the last bit) and can write mean, anchor and replicas in one pass.
  virtual bool is_plain_mean() const { return false; }
  /// `parameters` (a copy of the anchor) <- where the momentum is about to carry the anchor: a worker of an
  /// asynchronous server may start there, since its contribution is applied about there. Default: the anchor.
  virtual void look_ahead(Vector& parameters) const { (void)parameters; }
  virtual State state() const { return {}; }
  virtual void restore(const State&) {}
};

}  // namespace muster::inline optim
