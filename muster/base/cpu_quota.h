#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace muster::inline base {

/// The processor time that the control groups of a process allow it.
struct CpuQuota {
  int64_t quota_us = 0;   ///< processor time in each period
  int64_t period_us = 1;  ///< microseconds
  std::string file;       ///< the file that states the quota

  double cores() const { return static_cast<double>(quota_us) / static_cast<double>(period_us); }
  /// Threads that it can keep busy: rounded up, at least 1.
  int64_t threads() const;
};

/// The tightest quota of the process's own control group and of those above it, of version 1
/// (cpu.cfs_quota_us, cpu.cfs_period_us) and 2 (cpu.max); nothing where none limits it, or none can be read.
/// `root`: a folder that stands for "/".
std::optional<CpuQuota> cpu_quota(const std::string& root = "");

}  // namespace muster::inline base
