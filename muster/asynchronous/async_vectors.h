#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "muster/asynchronous/async_decisions.h"
#include "muster/asynchronous/server_event.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"
#include "muster/optim/correction.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline asynchronous {

/// The half of an asynchronous server that holds vectors: the parameters, the outer optimizer's, and what
/// open rounds began with where the correction wants it. It follows the decisions (AsyncDecisions) in their
/// order and decides nothing itself, so it may be behind them. Not for two threads at once.
class AsyncVectors {
 public:
  /// `correction` may be null: none. `parameters`: flat, float or double; copied.
  AsyncVectors(std::unique_ptr<Correction> correction, std::unique_ptr<OuterOptimizer> outer, bool look_ahead,
               const Vector& parameters);

  /// What the event, decided on with this outcome, does to the vectors. Returns where the workers of a
  /// release begin: never written to again. Undefined for other events and where nobody was released.
  Vector apply(const ServerEvent& event, const EventOutcome& decided);

  const Vector& parameters() const { return parameters_; }
  const OuterOptimizer& outer() const { return *outer_; }
  /// Where workers released now would begin, as a copy (the parameters, or ahead of them).
  Vector starting_point() const;

  /// Vectors share memory with this; copy them to keep them.
  State state() const;
  /// `members`: the workers that are present. Throws CheckpointError.
  void restore(const State& state, const std::vector<int64_t>& members);

 private:
  void step(const Contribution& contribution, double weight);
  Vector release(const EventOutcome& decided);

  std::unique_ptr<Correction> correction_;
  std::unique_ptr<OuterOptimizer> outer_;
  bool look_ahead_;
  Vector parameters_;
  Vector scratch_;                    // the contribution as it is applied
  std::map<int64_t, Vector> starts_;  // by worker, of open rounds, where the correction wants them
  Vector last_start_;                 // of version last_start_version_: shared by releases in between
  int64_t last_start_version_ = -1;
};

}  // namespace muster::inline asynchronous
