#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/planner/plan_request.h"
#include "muster/plan/fit_rounds.h"
#include "muster/plan/from_totals.h"
#include "muster/plan/run_time.h"
#include "muster/schedule/replay.h"

namespace muster {

class Catalogue;

/// What measurements say of the configuration, whether from a probe or from a finished run.
struct PlanMeasurement {
  std::vector<MeasuredRound> rounds;
  int64_t workers = 1, processes = 1, parameters = 0;
  double bytes_per_meeting = 0;   ///< handed in by one worker
  double own_step_seconds = 0;    ///< of one worker that has a thread of its own
  double evaluation_seconds = 0;  ///< of one evaluation
  double checkpoint_seconds = 0;  ///< of one checkpoint
  std::optional<int64_t> evaluate_every;
  std::optional<Replay> replay;
  std::string source;  ///< "probed here, 48 steps under each of three rules"
};

/// Reads a run's folder. Throws OptionError (--run), FileError, DataError.
PlanMeasurement measure_run(const std::string& folder);

/// Everything the times of a plan rest on.
struct PlanBasis {
  RunCosts costs;
  std::string source;            ///< where these come from, in words
  bool on_this_machine = false;  ///< all workers share it: other numbers of workers are not predicted
  bool link_known = false;       ///< the share of the network in a meeting is known
  int64_t parameters = 0;        ///< 0: unknown
  double bytes_per_meeting = 0;  ///< that one worker hands in, 0: unknown
  std::optional<SolvedTotals> solved;
  std::optional<Replay> replay;
  std::vector<std::string> notes;
};

/// From what was asked for, and what was measured where --probe or --run was. Throws OptionError.
PlanBasis plan_basis(const Catalogue& catalogue, const PlanRequest& request,
                     const std::optional<PlanMeasurement>& measurement);

/// Bytes of a configuration's message of so many values, and those that a worker hands in at a meeting.
double travelling_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters);
double handed_in_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters,
                       int64_t workers);

/// What the engine's `models` says of the configuration's model; nothing where its size depends on keys.
std::optional<int64_t> model_parameters(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster
