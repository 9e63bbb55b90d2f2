#pragma once

#include <cstdint>

#include "muster/asynchronous/server_event.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"
#include "muster/schedule/dispatch.h"

namespace muster::inline asynchronous {

/// A worker of an asynchronous run: makes the local steps of a round from a start that the server gave, and
/// returns their contribution. What it keeps from round to round (its inner optimizer's state) stays with it.
/// Not for two threads at once; different workers may run at the same time.
class AsyncWorker {
 public:
  virtual ~AsyncWorker() = default;
  /// A round begins from `start` (flat, as long as the server's parameters), which stays as it is until
  /// finish().
  virtual void begin(const Assignment& assignment, const Vector& start) = 0;
  /// At most so many steps of the round that was begun; returns those that are left. Throws NonFiniteError
  /// when a loss is no longer finite.
  virtual int64_t advance(int64_t at_most) = 0;
  /// The contribution of the steps done so far: start - end, and their mean loss. The caller fills in
  /// `completed` and `compute_seconds`. REQUIRES: at least one step.
  virtual Contribution finish() = 0;
  /// Resets its inner optimizer to its state at the first step.
  virtual void reset_optimizer() = 0;
  /// All that it keeps between rounds. REQUIRES: between rounds.
  virtual State state() const = 0;
  virtual void restore(const State& state) = 0;

  /// A whole round.
  Contribution run(const Assignment& assignment, const Vector& start) {
    begin(assignment, start);
    advance(assignment.local_steps);
    return finish();
  }
};

}  // namespace muster::inline asynchronous
