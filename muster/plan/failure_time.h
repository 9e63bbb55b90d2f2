#pragma once

namespace muster {

/// Failures of single workers, independent and equally likely at any time.
struct FailureOptions {
  double per_hour = 0;         ///< --failures: of one worker, >= 0
  double restart_seconds = 0;  ///< --restart: from a failure until the run goes on, >= 0
  double kept_every = 0;       ///< seconds that elapse between two states to go on from; > 0
  /// Throws OptionError.
  void validate() const;
};

/// What failures add to a run that takes `seconds` without them. Progress is lost back to the last state
/// that was kept, and what is made anew may fail again (Daly, "A higher order estimate of the optimum
/// checkpoint interval", 2006, with free checkpoints): a segment of tau seconds takes
///     (1 / rate + restart) (e^(rate tau) - 1),    rate = workers x per_hour / 3600
/// tau = kept_every. For a small rate this is rate x seconds x (restart + tau / 2): the number of failures
/// times restart and half a segment. Infinite where a segment hardly ever ends.
double failure_seconds(const FailureOptions& options, double workers, double seconds);

/// Failures in so many seconds of run time.
double expected_failures(const FailureOptions& options, double workers, double seconds);

}  // namespace muster
