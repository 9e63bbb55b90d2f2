#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline method {

/// Wall time by part, in seconds.
struct TimeByPart {
  double compute = 0;    ///< local steps, mean over the hosted workers' threads
  double waiting = 0;    ///< threads idle until the slowest is done
  double averaging = 0;  ///< meetings
  double data = 0;       ///< making batches
  void add(const TimeByPart& other) {
    compute += other.compute;
    waiting += other.waiting;
    averaging += other.averaging;
    data += other.data;
  }
};

/// The report of a finished round.
struct RoundReport {
  int64_t index = 0;  ///< 0-based
  int64_t first_step = 0;
  Round round;
  double loss = 0;                     ///< mean over the round's steps and all workers (the hosted ones,
                                       ///< where meetings overlap: no rank waits for the others)
  double learning_rate = 0;            ///< of the round's last step
  std::optional<double> divergence;    ///< where the meeting measured it
  int64_t bytes_per_worker = 0;        ///< encoded bytes of one worker's contribution to the meeting
  int64_t inner_bytes_per_worker = 0;  ///< the same, at its group's meetings within the round
};

/// What a call of advance() did.
struct Progress {
  int64_t step = 0;            ///< steps done in the run, after the call
  int64_t steps = 0;           ///< done in this call
  std::vector<double> losses;  ///< of the steps of this call: mean over the hosted workers, in order
  TimeByPart seconds;
  std::optional<RoundReport> round;  ///< set when a round ended
};

}  // namespace muster::inline method
