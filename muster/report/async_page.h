#pragma once

#include <string>
#include <vector>

#include "muster/report/async_totals.h"

namespace muster::inline report {

struct AsyncReportInput {
  std::string title;
  std::vector<AsyncRun> runs;
  std::vector<std::string> commands;  ///< that repeat these runs, a line each
  std::string written;                ///< when, for the foot of the page
};

/// One self-contained HTML page: the answer and its table, losses against time and local steps, when workers
/// computed, sent and waited, staleness of the contributions, the settings that differ, the commands. Throws
/// Bug without runs.
std::string async_page(const AsyncReportInput& input);

}  // namespace muster::inline report
