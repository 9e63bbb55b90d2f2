#pragma once

#include <cstdint>
#include <string>

namespace muster::inline train {

/// The sizes that determine a run's memory, as plain numbers.
struct MemoryNeed {
  int64_t workers = 1;     ///< replicas in this process
  int64_t threads = 1;     ///< replicas that compute at the same time
  int64_t parameters = 0;  ///< of one model
  int64_t buffers = 0;     ///< of one model
  int64_t element_bytes = 4;
  int64_t replica_vectors = 2;   ///< as long as the parameters, per replica: parameters, gradient, moments
  int64_t shared_vectors = 0;    ///< as long as the parameters, once: anchor, mean, outer momentum
  int64_t activation_bytes = 0;  ///< of one forward and backward pass, held by every thread
  int64_t data_bytes = 0;        ///< data set, where it is still to be loaded
};

/// In bytes.
struct MemoryEstimate {
  double replicas = 0;
  double activations = 0;
  double shared = 0;
  double data = 0;
  double total() const { return replicas + activations + shared + data; }
};

MemoryEstimate estimate_memory(const MemoryNeed& need);

/// Bytes that can still be had without swapping: the least of MemAvailable (/proc/meminfo) and, for the
/// process's control group and those above it (v2 and v1), limit - usage, page cache not counted as used. A
/// very large number when the system reports none of these. `root` is put before the paths (for tests).
double available_memory(const std::string& root = "");

/// Throws OptionError (run.workers), with both figures, when the estimate is more than what is available.
void check_memory(const MemoryEstimate& estimate, int64_t workers, double available = available_memory());

}  // namespace muster::inline train
