#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/report/arrivals_file.h"
#include "muster/report/result_table.h"
#include "muster/report/run_history.h"

namespace muster::inline report {

/// An asynchronous run, as read from its folder.
struct AsyncRun {
  std::string name;
  ArrivalHistory history;
  FlatConfiguration configuration;

  std::string setting(const std::string& key) const;
};

/// Totals computed from a run's arrivals.
struct AsyncTotals {
  double seconds = 0;  ///< to the last arrival, virtual or real
  int64_t workers = 0;
  int64_t local_steps = 0;                 ///< of all workers together, in contributions that counted
  int64_t versions = 0;                    ///< contributions that counted
  std::map<std::string, int64_t> dropped;  ///< the others, by verdict
  double staleness_mean = 0;
  int64_t staleness_max = 0;
  std::vector<int64_t> staleness;  ///< number of contributions by staleness, from 0 on
  double computing = 0;            ///< share of all workers' time, 0 to 1
};
AsyncTotals totals_of(const ArrivalHistory& history);

/// One row for each run: quality, virtual time, versions, staleness, computing.
ResultTable async_table(const std::vector<AsyncRun>& runs);
/// One or two sentences on the result and the time that it took.
std::vector<std::string> async_answer(const std::vector<AsyncRun>& runs);

}  // namespace muster::inline report
