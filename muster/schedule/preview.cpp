#include "muster/schedule/preview.h"

#include <fmt/format.h>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline schedule {

namespace {

constexpr size_t most_rounds = 50'000'000;  // 800 MB

// What the method would pass to next_round() at this step.
RoundStart round_start(int64_t step, int64_t total_steps, const LearningRate& learning_rate,
                       const Replay* replay) {
  RoundStart start{.step = step, .total_steps = total_steps, .learning_rate = learning_rate.at(step)};
  if (step == 0) return start;
  start.last_learning_rate = learning_rate.at(step - 1);
  if (!replay) return start;
  start.divergence = replay->divergence(step - 1);
  start.round_loss = replay->round_loss(step - 1);
  return start;
}

void check_replay(const SyncSchedule& schedule, const Replay* replay) {
  if (schedule.wants_seconds())
    throw OptionError("schedule.interval_seconds", "(given)",
                      "a preview has no clock of the run; use schedule.interval, in steps");
  if (schedule.wants_divergence() && !(replay && replay->divergence(0)))
    throw Error(
        "this schedule follows the divergence of the replicas: a preview needs the metrics of a run that "
        "measured it");
  if (schedule.wants_loss() && !(replay && replay->round_loss(0)))
    throw Error("this schedule follows the training loss: a preview needs the metrics of a run");
}

std::string steps(int64_t count) { return format_count(count) + (count == 1 ? " step" : " steps"); }

}  // namespace

Preview preview(SyncSchedule& schedule, const LearningRate& learning_rate, int64_t total_steps,
                std::optional<int64_t> base_period, const Replay* replay) {
  if (total_steps < 1) throw OptionError("run.steps", std::to_string(total_steps), "must be at least 1");
  check_replay(schedule, replay);
  Preview result{.steps = total_steps};
  for (int64_t step = 0; step < total_steps;) {
    const Round round = schedule.next_round(round_start(step, total_steps, learning_rate, replay));
    invariant(round.steps >= 1 && round.steps <= total_steps - step,
              "a schedule's round must end inside the run");
    if (result.all_rounds.size() == most_rounds)
      throw OptionError(
          "run.steps", std::to_string(total_steps),
          "the preview holds at most " + format_count(most_rounds) + " rounds; preview a shorter run");
    if (step == 0) result.base_period = base_period.value_or(round.steps);
    if (!result.first_step_above_base && round.steps > result.base_period)
      result.first_step_above_base = step;
    result.all_rounds.push_back({step, round.steps});
    step += round.steps;
  }
  result.rounds = static_cast<int64_t>(result.all_rounds.size());
  result.communication = static_cast<double>(result.rounds) / static_cast<double>(total_steps);
  return result;
}

std::string sentence(const Preview& preview) {
  const int64_t last = preview.all_rounds.empty() ? 0 : preview.all_rounds.back().period;
  if (!preview.first_step_above_base)
    return fmt::format("The period H never leaves its base of {}; the last round has {}.",
                       steps(preview.base_period), steps(last));
  const int64_t leaves = *preview.first_step_above_base;
  const double share = 100.0 * static_cast<double>(leaves) / static_cast<double>(preview.steps);
  return fmt::format("The period H leaves its base of {} at step {} of {} ({:.0f} %); the last round has {}.",
                     steps(preview.base_period), format_count(leaves), format_count(preview.steps), share,
                     steps(last));
}

}  // namespace muster::inline schedule
