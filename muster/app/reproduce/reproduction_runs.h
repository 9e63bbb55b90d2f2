#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"
#include "muster/app/reproduce/claim_figures.h"
#include "muster/app/reproduce/reproduction_plan.h"

namespace muster {

/// What came of a command.
struct FinishedCommand {
  double seconds = 0;
  std::string json;     ///< what it printed
  std::string failure;  ///< why there is none, or ""
};

/// By PlannedCommand::name.
using FinishedCommands = std::map<std::string, FinishedCommand>;

/// Runs the commands as programs of their own, at most request.jobs at a time, and says on standard error
/// how far it is. What is done is kept in OUT/runs/NAME/run.json by the words that made it and by digests of
/// the programs, configurations and data (reproduction_key.h), and done again where one of these changed. A
/// failed command is named and does not stop the others. Returns what is there when all have ended or a
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

}  // namespace muster
