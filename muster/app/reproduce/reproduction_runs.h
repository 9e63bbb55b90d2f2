#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"
#include "muster/app/reproduce/claim_figures.h"
#include "muster/app/reproduce/reproduction_plan.h"

namespace muster::inline app {

/// The outcome of a command.
struct FinishedCommand {
  double seconds = 0;
  std::string json;     ///< what it printed
  std::string failure;  ///< why there is none, or ""
};

/// By PlannedCommand::name.
using FinishedCommands = std::map<std::string, FinishedCommand>;

/// Runs each command as a child process, at most request.jobs at a time, with progress on standard error.
/// Results are kept in OUT/runs/NAME/run.json under the command's words and digests of the programs,
/// configurations and data (reproduction_key.h); a command is run again where one of these has changed. A
/// failed command is reported and does not stop the others. Returns the results when all have ended or a
/// signal asked to stop (see `signals`).
FinishedCommands run_commands(const std::vector<PlannedCommand>& commands, const ReproduceRequest& request,
                              HeldSignals& signals);

/// The results of a claim's runs, or the reason why one has none.
struct ClaimResults {
  RunResults results;
  std::string failure;
};
ClaimResults results_of(const PlannedClaim& claim, const ReproductionPlan& plan,
                        const FinishedCommands& finished);

}  // namespace muster::inline app
