#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/schedule/learning_rate.h"
#include "muster/schedule/replay.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct PlannedRound {
  int64_t start = 0;   ///< first step
  int64_t period = 1;  ///< steps up to and including the meeting; 1 where gradients are averaged
  bool operator==(const PlannedRound&) const = default;
};

/// The meetings of a whole run, computed without training.
struct Preview {
  int64_t steps = 0;
  int64_t rounds = 0;
  double communication = 0;                        ///< rounds / steps
  int64_t base_period = 1;                         ///< the period that first_step_above_base compares with
  std::optional<int64_t> first_step_above_base{};  ///< first step of the first round longer than base_period
  std::vector<PlannedRound> all_rounds{};
};

/// Asks `schedule`, which must be new, for every round of a run of total_steps. `base_period` is the
/// schedule's own; none: the length of the first round (for rules without such an option). A schedule that
/// follows divergence or loss needs the `replay` of a run that measured them. Throws Error where it is
/// missing, OptionError where the run has more than 50,000,000 rounds, Bug where the schedule breaks its
/// contract.
Preview preview(SyncSchedule& schedule, const LearningRate& learning_rate, int64_t total_steps,
                std::optional<int64_t> base_period = std::nullopt, const Replay* replay = nullptr);

/// One sentence: where the period leaves its base (or that it never does), and how long the last round is.
std::string sentence(const Preview& preview);

}  // namespace muster::inline schedule
