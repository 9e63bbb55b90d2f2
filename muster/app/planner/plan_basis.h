#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/planner/plan_request.h"
#include "muster/plan/fit_rounds.h"
#include "muster/plan/from_totals.h"
#include "muster/plan/run_time.h"
#include "muster/schedule/replay.h"

namespace muster::inline app {

class Catalogue;

/// Measurements of the configuration, from a probe or from a finished run.
struct PlanMeasurement {
  std::vector<MeasuredRound> rounds;
  int64_t workers = 1, processes = 1, parameters = 0;
  double bytes_per_meeting = 0;   ///< contributed by one worker
  double own_step_seconds = 0;    ///< of one worker that has a thread of its own
  double evaluation_seconds = 0;  ///< of one evaluation
  double checkpoint_seconds = 0;  ///< of one checkpoint
  std::optional<int64_t> evaluate_every;
  std::optional<Replay> replay;
  std::string source;  ///< "probed here, 48 steps under each of three rules"
};

/// Reads a run's folder. Throws OptionError (--run), FileError, DataError.
PlanMeasurement measure_run(const std::string& folder);

/// The inputs from which a plan's times are computed.
struct PlanBasis {
  RunCosts costs;
  std::string source;            ///< where these come from, in words
  bool on_this_machine = false;  ///< all workers share it: other numbers of workers are not predicted
  bool link_known = false;       ///< the share of the network in a meeting is known
  int64_t parameters = 0;        ///< 0: unknown
  double bytes_per_meeting = 0;  ///< contributed by one worker; 0: unknown
  std::optional<SolvedTotals> solved;
  std::optional<Replay> replay;
  std::vector<std::string> notes;
};

/// Built from the request and, with --probe or --run, from the measurement. Throws OptionError.
PlanBasis plan_basis(const Catalogue& catalogue, const PlanRequest& request,
                     const std::optional<PlanMeasurement>& measurement);

/// Bytes of a message of `parameters` values, and bytes that one worker contributes to a meeting.
double travelling_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters);
double handed_in_bytes(const Catalogue& catalogue, const CommSection& comm, int64_t parameters,
                       int64_t workers);

/// Parameters of the configuration's model, as the engine's `models` counts them; nothing where its size
/// depends on keys or there is no engine.
std::optional<int64_t> model_parameters(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster::inline app
