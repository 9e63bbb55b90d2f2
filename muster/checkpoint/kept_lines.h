#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "muster/report/metrics_file.h"

namespace muster::inline checkpoint {

/// The lines of metrics since the last checkpoint but one: every process of a run keeps them, so that the
/// next writer has the lines that the previous one did not bring to the disk.
class KeptLines {
 public:
  /// Keeps so many at most, the newest.
  explicit KeptLines(size_t most = 20'000) : most_(most) {}

  void add(const MetricsLine& line);
  /// A checkpoint is about to bring the lines so far to the disk; those up to the previous call are there
  /// already.
  void at_checkpoint();
  const std::deque<MetricsLine>& lines() const { return lines_; }

  /// As lines of metrics.jsonl, and from them. Throws DataError.
  std::string text() const;
  void restore(std::string_view text);

 private:
  size_t most_;
  std::deque<MetricsLine> lines_;
  size_t before_checkpoint_ = 0;  ///< how many of them were there at the last at_checkpoint()
};

/// What metrics.jsonl is to hold when a new writer takes it over: the whole lines of `content`, without those
/// of rounds that the run has not kept (beyond `rounds`, and what stands behind a damaged line), then the
/// kept lines that it lacks.
std::string merged_lines(std::string_view content, const KeptLines& kept, int64_t rounds);

}  // namespace muster::inline checkpoint
