#pragma once

#include <string>
#include <vector>

#include "muster/report/async_totals.h"

namespace muster {

struct AsyncReportInput {
  std::string title;
  std::vector<AsyncRun> runs;
  std::vector<std::string> commands;  ///< that make these runs again, a line each
  std::string written;                ///< when, for the foot of the page
};

/// One HTML page that needs nothing else: the answer and its table, losses against time and local steps, who
/// computed, sent and waited when, how stale the contributions were, the settings that differ, the commands.
/// Throws Bug without runs.
std::string async_page(const AsyncReportInput& input);

}  // namespace muster
