#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "muster/app/planner/plan_basis.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/choice/value.h"
#include "muster/report/run_history.h"

namespace muster::inline app {

namespace {

std::optional<int64_t> whole(const std::string& text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The run's rounds. The first one and the run's first sixth warm caches up, and are left out where two
/// others remain.
std::vector<MeasuredRound> rounds_of(const RunHistory& run) {
  std::vector<MeasuredRound> rounds;
  for (const MetricsLine& line : run.lines) {
    if (line.evaluation || line.period < 1) continue;
    rounds.push_back({.steps = line.period,
                      .gradients = line.average == "gradients",
                      .steps_seconds = line.seconds.compute + line.seconds.data,
                      .meeting_seconds = line.seconds.waiting + line.seconds.averaging});
  }
  const auto all = static_cast<double>(run.totals.steps);
  double steps = 0;
  size_t skip = 0;
  while (skip + 2 < rounds.size() &&
         (skip == 0 || steps + static_cast<double>(rounds[skip].steps) <= all / 6))
    steps += static_cast<double>(rounds[skip++].steps);
  rounds.erase(rounds.begin(), rounds.begin() + static_cast<std::ptrdiff_t>(skip));
  return rounds;
}

Replay replay_of(const RunHistory& run) {
  std::vector<Replay::Record> records;
  for (const MetricsLine& line : run.lines)
    if (!line.evaluation)
      records.push_back({line.step - 1, line.divergence,
                         std::isfinite(line.loss) ? std::optional(line.loss) : std::nullopt});
  return Replay(records);
}

}  // namespace

PlanMeasurement measure_run(const std::string& folder) {
  if (!is_there(folder + "/metrics.jsonl"))
    throw OptionError("--run", shown(folder), "must be the folder of a run, which holds metrics.jsonl");
  const RunHistory run = read_run_history(folder);
  PlanMeasurement measured;
  measured.rounds = rounds_of(run);
  if (measured.rounds.empty())
    throw OptionError("--run", shown(folder),
                      "no round of this run has ended yet: there is nothing to plan from");
  const Summary& totals = run.totals;
  measured.workers = std::max<int64_t>(1, totals.workers);
  measured.parameters = totals.parameters;
  measured.bytes_per_meeting =
      static_cast<double>(totals.bytes_per_worker) / static_cast<double>(totals.rounds);
  measured.own_step_seconds = step_seconds(run.work());
  measured.evaluate_every = whole(run.setting("evaluation.every"));
  int64_t evaluations = 1;
  if (measured.evaluate_every && *measured.evaluate_every > 0)
    evaluations = std::max<int64_t>(1, totals.steps / *measured.evaluate_every);
  int64_t checkpoints = 1;
  if (const auto every = whole(run.setting("checkpoint.every")); every && *every > 0)
    checkpoints += totals.steps / *every;
  if (std::isfinite(totals.seconds.evaluation))
    measured.evaluation_seconds = totals.seconds.evaluation / static_cast<double>(evaluations);
  if (std::isfinite(totals.seconds.checkpoint))
    measured.checkpoint_seconds = totals.seconds.checkpoint / static_cast<double>(checkpoints);
  measured.replay = replay_of(run);
  measured.source = fmt::format("measured by the run in {}", folder);
  return measured;
}

}  // namespace muster::inline app
