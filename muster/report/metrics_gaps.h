#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/report/metrics_file.h"

namespace muster::inline report {

/// Rounds of a run that are missing in its metrics.
struct MetricsGap {
  int64_t after_step = 0;   ///< of the last line before it; 0: the run's beginning
  int64_t before_step = 0;  ///< of the first line after it
  int64_t rounds = 0;       ///< that are missing
  bool operator==(const MetricsGap&) const = default;
};

/// The gaps: where the numbers of the rounds jump.
std::vector<MetricsGap> metrics_gaps(const std::vector<MetricsLine>& lines);

/// "3 rounds between steps 20 and 36 are missing in metrics.jsonl"; of several gaps the first with the sum
/// of all. Empty where there are none.
std::string gaps_sentence(const std::vector<MetricsGap>& gaps);

}  // namespace muster::inline report
