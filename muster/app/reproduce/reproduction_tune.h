#pragma once

#include <string>
#include <vector>

#include "muster/app/reproduce/reproduction_runs.h"
#include "muster/app/reproduce/tuned_settings.h"

namespace muster::inline app {

/// The commands of a grid: each value with each seed.
std::vector<PlannedCommand> tune_commands(const TuneArm& arm, const std::vector<double>& grid,
                                          const ReproduceRequest& request);

/// The mean result at each value. A command that failed (a training that diverged) makes the mean of its
/// value infinite. Throws DataError where a result is not where the arm looks for it, or no value works.
TunedArm tuned_arm(const TuneArm& arm, const std::vector<double>& grid, const FinishedCommands& finished,
                   const ReproduceRequest& request);

/// One more value beyond the edge that the best lies on, in the ratio of its neighbours; none where the best
/// has neighbours on both sides.
std::vector<double> extended_grid(const TunedArm& arm);

/// Tunes all arms of the paper asked for: runs each grid, extends it while the best lies on its edge (at most
/// six times), and writes OUT/settings.toml, in the form of reproduce/tuned/settings.toml. Resumes where it
/// was stopped. Returns the exit code.
int tune(const ReproduceRequest& request);

}  // namespace muster::inline app
