#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::inline serve {

/// What a server knows of one of its workers.
struct WorkerStatus {
  int64_t worker = 0;
  std::string name;                         ///< "" where the server has not heard it since it came back
  std::string doing;                        ///< "computes", "fetches", "waits"
  int64_t round_steps = 0, steps_done = 0;  ///< of the present round
  int64_t version = 0;                      ///< it started from
  double steps_per_second = 0;              ///< 0: not known
  int64_t counted = 0, dropped = 0;         ///< contributions
  int64_t last_staleness = 0;
  double last_loss = 0;
  int64_t bytes_in = 0, bytes_out = 0;
  double silent_seconds = 0;
};

/// What a server tells people.
struct ServerStatus {
  double running_seconds = 0;  ///< over all its lives
  bool finished = false;
  int64_t version = 0;
  int64_t local_steps = 0, total_steps = 0;
  double loss = 0;  ///< mean over the last contribution of each worker
  double staleness_mean = 0;
  int64_t staleness_max = 0;
  int64_t bytes_in = 0, bytes_out = 0;
  std::map<std::string, int64_t> counts;  ///< contributions by verdict; calls that were refused, by reason
  std::vector<WorkerStatus> workers;
};

/// A few lines and a table for the terminal.
std::string status_text(const ServerStatus& status);
/// One JSON object.
std::string status_json(const ServerStatus& status);

}  // namespace muster::inline serve
