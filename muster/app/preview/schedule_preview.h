#pragma once

#include <optional>
#include <string>

#include "muster/app/keys/options.h"
#include "muster/schedule/learning_rate.h"
#include "muster/schedule/preview.h"

namespace muster::inline app {

class Catalogue;

/// A preview of a configuration's schedule, and how it is shown.
struct SchedulePreview {
  std::string rule;
  LearningRate learning_rate;
  Preview rounds;
};

/// Walks the schedule of a resolved configuration over total_steps. `replay`: metrics.jsonl of a run; rules
/// that follow a run's loss or divergence need it. Throws OptionError, DataError.
SchedulePreview preview_schedule(const Catalogue& catalogue, const Configuration& configuration,
                                 int64_t total_steps,
                                 const std::optional<std::string>& replay = std::nullopt);

/// A table, a plot of the period over the steps, and one sentence; every line ends with a line feed.
std::string schedule_text(const SchedulePreview& preview);
/// One JSON object: steps, rounds, communication, first_step_above_base, last_rounds (docs/json.md).
std::string schedule_json(const SchedulePreview& preview);
/// Every round: start,period,learning_rate (of the round's first step).
std::string schedule_csv(const SchedulePreview& preview);

}  // namespace muster::inline app
