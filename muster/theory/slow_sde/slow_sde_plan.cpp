#include "muster/theory/slow_sde/slow_sde_plan.h"

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline theory {

bool SlowSdePlan::constant() const {
  const LearningRateOptions& rate = learning_rate.options();
  if (rate.warmup_steps > 0 || (rate.shape != LearningRateShape::constant && rate.final != rate.peak))
    return false;
  for (size_t i = 1; i < rounds.size(); ++i) {
    const bool last = i + 1 == rounds.size();
    if (rounds[i].period > period() || (!last && rounds[i].period != period())) return false;
  }
  return true;
}

std::vector<double> SlowSdePlan::slow_times() const {
  std::vector<double> times;
  times.reserve(rounds.size());
  double time = 0;
  for (const PlannedRound& round : rounds) {
    for (int64_t step = round.start; step < round.start + round.period; ++step)
      time += learning_rate.at(step) * learning_rate.at(step);
    times.push_back(time);
  }
  return times;
}

SlowSdePlan constant_plan(int64_t workers, double learning_rate, int64_t period, int64_t steps) {
  invariant(workers >= 1 && period >= 1 && steps >= 1, "a plan needs workers, a period and steps");
  LearningRateOptions rate;
  rate.shape = LearningRateShape::constant;
  rate.peak = learning_rate;
  rate.final = std::min(rate.final, learning_rate);
  SlowSdePlan plan{workers, LearningRate(rate, steps), {}};
  for (int64_t step = 0; step < steps; step += period)
    plan.rounds.push_back({step, std::min(period, steps - step)});
  return plan;
}

}  // namespace muster::inline theory
