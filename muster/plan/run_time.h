#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "muster/plan/failure_time.h"
#include "muster/plan/meeting_time.h"
#include "muster/plan/round_maximum.h"
#include "muster/plan/schedule_walk.h"

namespace muster::inline plan {

/// Everything that the time of a synchronous run depends on besides its schedule.
struct RunCosts {
  StepTimes step;
  HostGroup group;
  MeetingCost meeting;
  double message_bytes = 0;      ///< of one worker's message at a meeting
  bool delayed = false;          ///< comm.overlap: means are computed while the workers train on
  std::optional<int64_t> delay;  ///< steps until a mean is applied; nothing: a round
  FailureOptions failures;       ///< kept_every 0: the time of kept_steps steps
  int64_t kept_steps = 0;        ///< steps between two saved states; 0: a round
  double other_seconds = 0;      ///< of evaluations and checkpoints
};

enum class Bottleneck { compute, stragglers, latency, bandwidth, meetings, failures };
std::string_view name_of(Bottleneck bottleneck);

/// Seconds of a run by part.
struct RunTime {
  double compute = 0;  ///< of the mean worker
  double waiting = 0;  ///< for the slowest worker, at every meeting
  double fixed = 0;    ///< communication: the part of meetings that is independent of the network
  double latency = 0;
  double bandwidth = 0;
  double hidden = 0;  ///< communication that overlaps with computing; not part of the total
  double failures = 0;
  double other = 0;
  double communication() const { return fixed + latency + bandwidth; }
  double total() const { return compute + waiting + communication() + failures + other; }
  /// The largest part of the total but for `other`.
  Bottleneck bottleneck() const;
};

/// Adds up a run: every round waits for its slowest worker (RoundMaximum), then meets (meeting_time). With
/// overlap a meeting is hidden behind the steps until its mean is applied. `maximum` must belong to
/// costs.step and costs.group, and may serve many runs. `part`: scales the number of steps and rounds; above
/// 1 for longer runs. A failure loses the time since the last saved state: steps, waiting, meetings,
/// evaluations and checkpoints alike.
RunTime predict_run(const ScheduleWalk& walk, const RunCosts& costs, RoundMaximum& maximum, double part = 1);

}  // namespace muster::inline plan
