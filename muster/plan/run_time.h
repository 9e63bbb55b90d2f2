#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "muster/plan/failure_time.h"
#include "muster/plan/meeting_time.h"
#include "muster/plan/round_maximum.h"
#include "muster/plan/schedule_walk.h"

namespace muster {

/// Everything that the time of a synchronous run depends on, beside its schedule.
struct RunCosts {
  StepTimes step;
  HostGroup group;
  MeetingCost meeting;
  double message_bytes = 0;      ///< that travel for one worker at a meeting
  bool delayed = false;          ///< comm.overlap: means travel while the workers go on
  std::optional<int64_t> delay;  ///< steps until a mean lands; nothing: a round
  FailureOptions failures;       ///< kept_every 0: what elapses during kept_steps
  int64_t kept_steps = 0;        ///< steps between two states to go on from; 0: a round
  double other_seconds = 0;      ///< of evaluations and checkpoints
};

enum class Bottleneck { compute, stragglers, latency, bandwidth, meetings, failures };
std::string_view name_of(Bottleneck bottleneck);

/// Seconds of a run by part.
struct RunTime {
  double compute = 0;  ///< of the mean worker
  double waiting = 0;  ///< for the slowest, at every meeting
  double fixed = 0;    ///< communication: what meetings take apart from the network
  double latency = 0;
  double bandwidth = 0;
  double hidden = 0;  ///< communication that ran beside computing; not part of the total
  double failures = 0;
  double other = 0;
  double communication() const { return fixed + latency + bandwidth; }
  double total() const { return compute + waiting + communication() + failures + other; }
  /// The largest part.
  Bottleneck bottleneck() const;
};

/// Adds up a run: every round waits for its slowest worker (RoundMaximum), then meets (meeting_time). With
/// overlap a mean is hidden behind the steps until it lands. `maximum` must belong to costs.step and
/// costs.group, and may serve many runs. `part`: of the run's steps, with rounds as often in its course; more
/// than 1 for longer runs. A failure loses what elapsed since the last kept state: steps, waiting, meetings,
/// evaluations and checkpoints alike.
RunTime predict_run(const ScheduleWalk& walk, const RunCosts& costs, RoundMaximum& maximum, double part = 1);

}  // namespace muster
