#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/report/arrivals_file.h"

namespace muster::inline report {

/// The part of an asynchronous run that a strip shows: at most so many workers, evenly chosen, and the
/// beginning of the run, short enough that single rounds remain visible.
struct StripOptions {
  size_t most_workers = 16;
  size_t most_rounds_in_a_row = 60;
};

/// When workers compute, send and wait: one row for each worker, one bar for each round, as inline SVG. Bars
/// are labelled with the staleness of their contribution where there is room, and have a tooltip; dropped
/// contributions are marked. Colours by the page's style (--p0, --p1, ...). Empty without arrivals.
std::string worker_strip(const std::vector<ArrivalLine>& arrivals, const StripOptions& options = {});

/// The end of what a strip shows, in seconds: the whole run, or its beginning.
double strip_end(const std::vector<ArrivalLine>& arrivals, const StripOptions& options = {});

}  // namespace muster::inline report
