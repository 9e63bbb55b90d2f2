#pragma once

#include <cstdint>
#include <string>

namespace muster::inline report {

/// The lines of metrics with which a run is resumed.
struct KeptMetrics {
  std::string lines;  ///< whole lines
  std::string note;   ///< what is missing of the bytes that the checkpoint records, in a line; "" for nothing
};

/// The first `bytes` bytes of a file of metrics, as a checkpoint after step `last_step` records them. Where
/// the file is shorter or these are no longer whole lines with rising steps, the valid lines among them: a
/// gap in a curve does not prevent a resume. A file with other content is copied to PATH.set-aside. Throws
/// FileError.
KeptMetrics kept_metrics(const std::string& path, int64_t bytes, int64_t last_step);

}  // namespace muster::inline report
