#pragma once

#include <cstdint>
#include <vector>

#include "muster/schedule/learning_rate.h"
#include "muster/schedule/preview.h"

namespace muster::inline theory {

/// A run of K workers whose meetings are all known before it starts, for simulation and for integrating the
/// slow SDE. The rounds cover the steps of the learning rate, in order.
struct SlowSdePlan {
  int64_t workers = 1;
  LearningRate learning_rate;
  std::vector<PlannedRound> rounds;

  int64_t steps() const { return learning_rate.total_steps(); }
  /// One learning rate and one period throughout; only the last round may be shorter.
  bool constant() const;
  /// The period of the first round.
  int64_t period() const { return rounds.front().period; }
  /// The learning rate of the first step.
  double rate() const { return learning_rate.at(0); }
  double largest_rate() const { return learning_rate.options().peak; }
  /// Sum of eta^2 over the steps before each round's end: the slow time of the meetings.
  std::vector<double> slow_times() const;
};

/// K workers, learning rate eta, a meeting every `period` steps.
SlowSdePlan constant_plan(int64_t workers, double learning_rate, int64_t period, int64_t steps);

}  // namespace muster::inline theory
