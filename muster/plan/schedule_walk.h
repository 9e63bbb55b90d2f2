#pragma once

#include <cstdint>
#include <vector>

#include "muster/plan/rate_curve.h"
#include "muster/schedule/replay.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline plan {

/// A number of rounds of the same length.
struct RoundCount {
  int64_t period = 1;
  int64_t rounds = 0;
  bool operator==(const RoundCount&) const = default;
};

/// The meetings of a run by their periods: all of the schedule that its cost depends on.
struct ScheduleWalk {
  int64_t steps = 0;
  int64_t gradient_rounds = 0;          ///< rounds of one step that average gradients
  std::vector<RoundCount> rounds = {};  ///< meetings of parameters, by rising period, each period once
  bool estimated = false;               ///< the rule follows measurements, which a model replaced

  int64_t meetings() const;
  /// meetings / steps: the communication volume of Gu et al., ICLR 2024.
  double communication() const { return static_cast<double>(meetings()) / static_cast<double>(steps); }
  int64_t longest_period() const { return rounds.empty() ? 1 : rounds.back().period; }
};

/// Gradients in the first `gradient_steps` steps, from there on parameters every `period` steps, the last
/// round cut short: every_step, constant and post_local in closed form. REQUIRES: period >= 1.
ScheduleWalk walk_constant(int64_t steps, int64_t period, int64_t gradient_steps = 0);

/// Asks `schedule`, which must be new, for every round. Measurements that it needs come from `replay`, or
/// where that is missing from a model; then the walk is an estimate:
///   divergence   sum of lr^2 over the round, up to a factor that cancels: independent noise in every step
///                (mean field of the replicas' variance for small lr x curvature x period; under it the
///                adaptive period holds lr x period constant)
///   loss         the same in every round: a plateau from the start, at which the loss-driven rule applies
///                its fallback; so its periods are too short where the loss falls slowly, too long without
///                fallback
/// Throws OptionError for a rule that counts seconds, Bug where the schedule breaks its contract.
ScheduleWalk walk_schedule(SyncSchedule& schedule, const RateCurve& curve, const Replay* replay = nullptr);

}  // namespace muster::inline plan
