#include "muster/schedule/replay.h"

#include <algorithm>

namespace muster::inline schedule {

Replay::Replay(const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (record.divergence) divergences_.emplace_back(record.last_step, *record.divergence);
    if (record.round_loss) losses_.emplace_back(record.last_step, *record.round_loss);
  }
  const auto by_step = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(divergences_.begin(), divergences_.end(), by_step);
  std::stable_sort(losses_.begin(), losses_.end(), by_step);
}

std::optional<double> Replay::nearest(const Series& series, int64_t step) {
  if (series.empty()) return std::nullopt;
  const auto after = std::lower_bound(series.begin(), series.end(), step,
                                      [](const auto& entry, int64_t wanted) { return entry.first < wanted; });
  if (after == series.begin()) return after->second;
  const auto before = std::prev(after);
  if (after == series.end() || step - before->first <= after->first - step) return before->second;
  return after->second;
}

}  // namespace muster::inline schedule
