#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/report/metrics_file.h"
#include "muster/report/network_time.h"
#include "muster/report/summary_file.h"

namespace muster::inline report {

/// Keys ("schedule.rule") with their values as text ("" where there is none), in the order of the file.
using FlatConfiguration = std::vector<std::pair<std::string, std::string>>;

/// The results in a run's folder, whether it has ended or not.
struct RunHistory {
  std::string folder;
  std::string arm;   ///< the run's name in a comparison; runs that differ only in their seed share it
  int64_t seed = 1;  ///< run.seed
  bool finished = false;
  /// Totals of the whole run, or of the rounds so far.
  Summary totals;
  std::vector<MetricsLine> lines;
  FlatConfiguration configuration;

  /// The value of a key; "" where it has none.
  std::string setting(const std::string& key) const;
  MeasuredWork work() const;
};

/// Reads FOLDER/metrics.jsonl and, where the run has ended, FOLDER/summary.json, which also holds the
/// configuration; a run that has not ended has none here (set_configuration). A folder without metrics is a
/// run that has not begun. Throws FileError, DataError (with the file's name).
RunHistory read_run_history(const std::string& folder);

/// The same for a run that has not ended: does not read a summary, even if there is one.
RunHistory read_rounds_so_far(const std::string& folder);

/// Sets the configuration and what follows from it (seed, workers, threads).
void set_configuration(RunHistory& run, FlatConfiguration configuration);

/// A JSON object of objects as FlatConfiguration. Throws DataError naming `source` when it is something else.
FlatConfiguration flat_configuration(const std::string& json, const std::string& source);

}  // namespace muster::inline report
