#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "muster/report/async_page.h"

namespace muster::inline app {

class Catalogue;

/// Whether the folder is one of an asynchronous run (muster simulate, muster serve).
bool is_async_run(const std::filesystem::path& folder);

/// These runs, each called by its folder (by its path where two are called alike), with the commands that
/// make them again. Throws FileError, DataError.
AsyncReportInput read_async_runs(const Catalogue& catalogue,
                                 const std::vector<std::filesystem::path>& folders);

/// The table of the page as JSON: an array of objects.
std::string async_report_json(const std::vector<AsyncRun>& runs);

}  // namespace muster::inline app
