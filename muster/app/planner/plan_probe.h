#pragma once

#include "muster/app/planner/plan_basis.h"
#include "muster/app/planner/plan_request.h"

namespace muster::inline app {

/// Trains the configuration for a few steps under every_step and two constant periods, each as a child
/// process (`muster train`, or `muster launch WORDS -- train`), and reads their metrics. Throws OptionError
/// where a training is refused or fails, Error when asked to stop.
PlanMeasurement probe_here(const PlanRequest& request);

/// One of these trainings.
struct ProbeTraining {
  std::optional<int64_t> period{};  ///< of meetings that average parameters; none: every_step
};

/// The words behind `train` for it: the configuration's settings without what a probe sets itself.
std::vector<std::string> probe_words(const PlanRequest& request, const ProbeTraining& training,
                                     const std::string& folder);

}  // namespace muster::inline app
