#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/plan/simulation_tally.h"
#include "muster/report/arrivals_file.h"

namespace muster::inline app {

class Catalogue;

/// What training adds to the result of a simulated run.
struct TrainedResult {
  std::vector<MeasurementLine> measurements;  ///< from before the first step to after the last
  std::map<std::string, int64_t> dropped;     ///< contributions by the reason, where there are any
  int64_t parameters = 0;
  std::string checksum;              ///< of the server's final state, in hexadecimal
  std::optional<double> loss_floor;  ///< least held-out loss possible, where it is known
  std::map<std::string, std::string> versions;
};

/// The result of a simulated run.
struct SimulationResult {
  const SimulationTally& tally;
  const Configuration& configuration;
  double wall_seconds = 0;
  std::optional<std::string> folder{};  ///< of the run's files
  std::optional<TrainedResult> trained{};
  std::map<std::string, FileDigest> files{};  ///< of those in the folder, for summary.json

  /// Whether all local steps were done; false where no worker was left.
  bool finished() const;
};

/// The error of a run that no worker was left to finish, with the remedy.
Error nobody_left(const SimulationResult& result);

/// One JSON object (docs/json.md), indented by `indent` (-1: one line).
std::string simulation_json(const Catalogue& catalogue, const SimulationResult& result, int indent);
/// Tables for the terminal: what was measured, the run, and its workers (the first and last of many).
std::string simulation_text(const SimulationResult& result);

}  // namespace muster::inline app
