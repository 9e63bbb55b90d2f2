#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "muster/asynchronous/async_decisions.h"
#include "muster/asynchronous/async_vectors.h"
#include "muster/asynchronous/server_event.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"

namespace muster::inline asynchronous {

/// What the server is put together from: who starts when, how much a contribution weighs, what is done to it
/// before the outer step, and the outer step.
struct AsyncServerParts {
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<StalenessWeight> weight;
  std::unique_ptr<Correction> correction;  ///< may be null: none
  std::unique_ptr<OuterOptimizer> outer;
};

/// The asynchronous server (Liu et al. 2024, arXiv 2401.09135, Algorithm 2) as a pure state machine: arrivals
/// in, assignments out; no clock, no network, no thread of its own (not for two threads at once). Only events
/// change it, and the same events give the same bits:
///
///     const Verdict verdict = server.judge(contribution);          // reads only
///     if (ends_round(verdict)) {
///       journal(server.event_of(contribution, verdict));           // before it is acknowledged
///       server.apply(event);
///     } else server.turn_away(verdict);
///
/// `receive` does this without a journal. Version: contributions applied so far. The server has two halves,
/// decisions() and vectors(): a caller may apply the events to the vectors later, in the same order.
class AsyncServer {
 public:
  /// `parameters`: flat, float or double; copied. Throws OptionError.
  AsyncServer(AsyncServerParts parts, const AsyncServerOptions& options, const Vector& parameters);

  /// What would become of it now. Changes nothing; a pass over the vector for its norm, and one to see that
  /// it is finite.
  Verdict judge(const Contribution& contribution) const;
  /// The event of a contribution that ends its round with this verdict. REQUIRES: ends_round(verdict).
  static ServerEvent event_of(const Contribution& contribution, Verdict verdict);
  /// Counts a contribution that was refused before it was judged. REQUIRES: not ends_round(verdict).
  void turn_away(Verdict verdict) { decisions_.turn_away(verdict); }
  /// The only way to change the state. Throws DataError for an event that cannot follow on what happened so
  /// far (a second join, a contribution of no open round): a journal of another run.
  EventOutcome apply(const ServerEvent& event);

  /// judge, then apply or turn_away.
  EventOutcome receive(const Contribution& contribution);

  int64_t version() const { return decisions_.version(); }
  const Vector& parameters() const { return vectors_.parameters(); }
  const Dispatcher& dispatcher() const { return decisions_.dispatcher(); }
  const OuterOptimizer& outer() const { return vectors_.outer(); }
  const ServerCounts& counts() const { return decisions_.counts(); }
  /// Where workers released now would begin, as a copy (the parameters, or ahead of them).
  Vector starting_point() const { return vectors_.starting_point(); }

  /// Its halves, for a caller that gives each event to both of them itself.
  AsyncDecisions& decisions() { return decisions_; }
  const AsyncDecisions& decisions() const { return decisions_; }
  AsyncVectors& vectors() { return vectors_; }

  /// Parameters, outer optimizer, dispatcher, counts, kept starts: with it, and the events that came later,
  /// the state is the undisturbed one's. Vectors share memory with the server; copy them to keep them.
  State state() const;
  /// Throws CheckpointError.
  void restore(const State& state);

 private:
  VectorMeasure measured(const Vector& vector) const;

  AsyncDecisions decisions_;
  AsyncVectors vectors_;
};

/// The states of both halves as one.
State joined_state(const Numbers& decisions, const State& vectors);

}  // namespace muster::inline asynchronous
