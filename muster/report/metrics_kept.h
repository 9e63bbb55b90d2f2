#pragma once

#include <cstdint>
#include <string>

namespace muster {

/// The lines of metrics that a run goes on with.
struct KeptMetrics {
  std::string lines;  ///< whole lines
  std::string note;   ///< what the file lacks of what the checkpoint counts on, in a line; "" for nothing
};

/// The first `bytes` bytes of a file of metrics, as a checkpoint after step `last_step` remembered them.
/// Where these are not whole lines of metrics with rising steps any more, or fewer, those that are good: a
/// gap in a curve ends no run. A file that holds something else is copied to PATH.set-aside. Throws
/// FileError.
KeptMetrics kept_metrics(const std::string& path, int64_t bytes, int64_t last_step);

}  // namespace muster
