#include "muster/report/metrics_gaps.h"

#include <fmt/format.h>

namespace muster::inline report {

std::vector<MetricsGap> metrics_gaps(const std::vector<MetricsLine>& lines) {
  std::vector<MetricsGap> gaps;
  int64_t round = 0, step = 0;
  for (const MetricsLine& line : lines) {
    if (line.evaluation) continue;
    if (line.round > round + 1) gaps.push_back({step, line.step, line.round - round - 1});
    round = line.round;
    step = line.step;
  }
  return gaps;
}

std::string gaps_sentence(const std::vector<MetricsGap>& gaps) {
  if (gaps.empty()) return "";
  int64_t rounds = 0;
  for (const MetricsGap& gap : gaps) rounds += gap.rounds;
  const MetricsGap& first = gaps.front();
  if (gaps.size() == 1)
    return fmt::format("{} rounds between steps {} and {} are missing in metrics.jsonl", rounds,
                       first.after_step, first.before_step);
  return fmt::format("{} rounds are missing in metrics.jsonl, in {} places, first between steps {} and {}",
                     rounds, gaps.size(), first.after_step, first.before_step);
}

}  // namespace muster::inline report
