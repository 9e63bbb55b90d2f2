#include "muster/plan/schedule_walk.h"

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline plan {

namespace {

/// Counts rounds by their period; runs of equal ones cost nothing.
class Counter {
 public:
  void add(int64_t period) {
    if (period == run_.period) {
      ++run_.rounds;
      return;
    }
    flush();
    run_ = {period, 1};
  }
  std::vector<RoundCount> take() {
    flush();
    std::sort(runs_.begin(), runs_.end(), [](const auto& a, const auto& b) { return a.period < b.period; });
    std::vector<RoundCount> merged;
    for (const RoundCount& run : runs_) {
      if (!merged.empty() && merged.back().period == run.period)
        merged.back().rounds += run.rounds;
      else
        merged.push_back(run);
    }
    return merged;
  }

 private:
  void flush() {
    if (run_.rounds > 0) runs_.push_back(run_);
  }

  RoundCount run_{0, 0};
  std::vector<RoundCount> runs_;
};

}  // namespace

int64_t ScheduleWalk::meetings() const {
  int64_t all = gradient_rounds;
  for (const RoundCount& count : rounds) all += count.rounds;
  return all;
}

ScheduleWalk walk_constant(int64_t steps, int64_t period, int64_t gradient_steps) {
  invariant(steps >= 1 && period >= 1 && gradient_steps >= 0, "a walk needs steps and a period");
  ScheduleWalk walk{.steps = steps, .gradient_rounds = std::min(gradient_steps, steps)};
  const int64_t local = steps - walk.gradient_rounds, rest = local % period;
  if (rest > 0) walk.rounds.push_back({rest, 1});
  if (local >= period) walk.rounds.push_back({period, local / period});
  return walk;
}

ScheduleWalk walk_schedule(SyncSchedule& schedule, const RateCurve& curve, const Replay* replay) {
  if (schedule.wants_seconds())
    throw OptionError("schedule.interval_seconds", "(given)",
                      "a plan has no clock of the run; use schedule.interval, in steps");
  const bool divergence = schedule.wants_divergence(), loss = schedule.wants_loss();
  const bool measured_divergence = divergence && replay && replay->divergence(0);
  const bool measured_loss = loss && replay && replay->round_loss(0);
  ScheduleWalk walk{.steps = curve.steps()};
  walk.estimated = (divergence && !measured_divergence) || (loss && !measured_loss);
  Counter counter;
  RoundStart start{.total_steps = curve.steps()};
  for (int64_t step = 0, before = 0; step < walk.steps;) {
    start.step = step;
    start.learning_rate = curve.at(step);
    if (step > 0) {
      start.last_learning_rate = curve.at(step - 1);
      if (divergence)
        start.divergence =
            measured_divergence ? replay->divergence(step - 1) : curve.square_sum(before, step);
      if (loss) start.round_loss = measured_loss ? replay->round_loss(step - 1) : 1.0;
    }
    const Round round = schedule.next_round(start);
    invariant(round.steps >= 1 && round.steps <= walk.steps - step,
              "a schedule's round must end inside the run");
    if (round.what == Average::gradients)
      walk.gradient_rounds += 1;
    else
      counter.add(round.steps);
    before = step;
    step += round.steps;
  }
  walk.rounds = counter.take();
  return walk;
}

}  // namespace muster::inline plan
