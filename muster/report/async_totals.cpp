#include "muster/report/async_totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "muster/base/format.h"

namespace muster::inline report {

namespace {

const MeasurementLine* last_of(const AsyncRun& run) {
  return run.history.measurements.empty() ? nullptr : &run.history.measurements.back();
}

std::string loss_text(const MeasurementLine* line, double MeasurementLine::*loss) {
  return line && std::isfinite(line->*loss) ? fmt::format("{:.4f}", line->*loss) : "–";
}

std::string rounded(double seconds) { return fmt::format("{:.2f} s", seconds); }

/// The run with the least held-out loss at its end; nothing where none was measured.
const AsyncRun* best_of(const std::vector<AsyncRun>& runs) {
  const AsyncRun* best = nullptr;
  for (const AsyncRun& run : runs) {
    const MeasurementLine* const line = last_of(run);
    if (!line || !std::isfinite(line->test_loss)) continue;
    if (!best || line->test_loss < last_of(*best)->test_loss) best = &run;
  }
  return best;
}

}  // namespace

std::string AsyncRun::setting(const std::string& key) const {
  for (const auto& [own, value] : configuration)
    if (own == key) return value;
  return {};
}

AsyncTotals totals_of(const ArrivalHistory& history) {
  AsyncTotals totals;
  std::set<int64_t> workers;
  double computed = 0, stale = 0;
  for (const ArrivalLine& line : history.arrivals) {
    workers.insert(line.worker);
    totals.seconds = std::max(totals.seconds, line.arrived);
    computed += line.computed - line.received;
    if (line.verdict != "counted") {
      ++totals.dropped[line.verdict];
      continue;
    }
    ++totals.versions;
    totals.local_steps += line.steps;
    stale += static_cast<double>(line.staleness);
    totals.staleness_max = std::max(totals.staleness_max, line.staleness);
    const auto place = static_cast<size_t>(std::clamp<int64_t>(line.staleness, 0, 4095));
    if (totals.staleness.size() <= place) totals.staleness.resize(place + 1, 0);
    ++totals.staleness[place];
  }
  totals.workers = static_cast<int64_t>(workers.size());
  if (totals.versions > 0) totals.staleness_mean = stale / static_cast<double>(totals.versions);
  if (totals.seconds > 0 && totals.workers > 0)
    totals.computing = computed / totals.seconds / static_cast<double>(totals.workers);
  return totals;
}

ResultTable async_table(const std::vector<AsyncRun>& runs) {
  ResultTable table{{"run", "held-out loss", "training loss", "test accuracy", "time", "local steps",
                     "versions", "staleness", "computing"},
                    {}};
  for (const AsyncRun& run : runs) {
    const AsyncTotals totals = totals_of(run.history);
    const MeasurementLine* const last = last_of(run);
    table.rows.push_back(
        {run.name, loss_text(last, &MeasurementLine::test_loss),
         loss_text(last, &MeasurementLine::train_loss),
         last && std::isfinite(last->test_accuracy) ? fmt::format("{:.2f} %", 100 * last->test_accuracy)
                                                    : "–",
         rounded(totals.seconds), format_count(totals.local_steps), format_count(totals.versions),
         fmt::format("{:.2f}, at most {}", totals.staleness_mean, totals.staleness_max),
         fmt::format("{:.1f} %", 100 * totals.computing)});
  }
  return table;
}

std::vector<std::string> async_answer(const std::vector<AsyncRun>& runs) {
  const AsyncRun* const best = best_of(runs);
  const AsyncRun& told = best ? *best : runs.front();
  const AsyncTotals totals = totals_of(told.history);
  std::vector<std::string> sentences;
  if (runs.size() > 1 && best)
    sentences.push_back(fmt::format("{} ends with the lowest held-out loss: {}", told.name,
                                    loss_text(last_of(told), &MeasurementLine::test_loss)));
  else
    sentences.push_back(fmt::format("{} {} made {} local steps in {}", totals.workers,
                                    totals.workers == 1 ? "worker" : "workers",
                                    format_count(totals.local_steps), rounded(totals.seconds)));
  sentences.push_back(
      fmt::format("{} contribution was {:.2f} versions old on average and {} at most; the workers computed "
                  "{:.1f} % of the time.",
                  runs.size() > 1 ? fmt::format("With {} a", told.name) : "A", totals.staleness_mean,
                  totals.staleness_max, 100 * totals.computing));
  for (const auto& [verdict, count] : totals.dropped)
    sentences.push_back(fmt::format("{} contributions were dropped: {}.", format_count(count), verdict));
  return sentences;
}

}  // namespace muster::inline report
