#pragma once

namespace muster::inline plan {

/// Failures of single workers, independent and equally likely at any time.
struct FailureOptions {
  double per_hour = 0;         ///< --failures: of one worker, >= 0
  double restart_seconds = 0;  ///< --restart: from a failure until the run goes on, >= 0
  double kept_every = 0;       ///< seconds between two saved states (checkpoints); > 0
  /// Throws OptionError.
  void validate() const;
};

/// What failures add to a run that takes `seconds` without them. A failure loses the progress since the last
/// saved state, and repeated work may fail again (Daly, "A higher order estimate of the optimum checkpoint
/// interval", 2006, with free checkpoints): a segment of tau seconds takes
///     (1 / rate + restart) (e^(rate tau) - 1),    rate = workers x per_hour / 3600
/// tau = kept_every. For a small rate this is rate x seconds x (restart + tau / 2): the number of failures
/// times restart and half a segment. Infinite where a segment hardly ever ends.
double failure_seconds(const FailureOptions& options, double workers, double seconds);

/// Failures in so many seconds of run time.
double expected_failures(const FailureOptions& options, double workers, double seconds);

}  // namespace muster::inline plan
