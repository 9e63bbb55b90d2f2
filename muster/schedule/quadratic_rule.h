#pragma once

#include <cstdint>
#include <optional>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct QuadraticRuleOptions {
  int64_t base_period = 4;   ///< schedule.base_period
  double growth = 0.1;       ///< schedule.growth, a learning rate (alpha of the paper); 0: the period stays
  int64_t warmup_steps = 0;  ///< learning_rate.warmup_steps
  /// schedule.in_warmup = first_after: the learning rate of step warmup_steps.
  std::optional<double> rate_after_warmup{};
  void validate() const;
};

/// The Quadratic Synchronization Rule, QSR (Gu, Lyu, Arora, Zhang, Huang, "A Quadratic Synchronization Rule
/// for Distributed Deep Learning", ICLR 2024):
///
///     H = max(base_period, floor((growth / lr)^2)),   lr = learning rate of the round's first step
///
/// The tiny rates in warm-up would give very long rounds. So a round that starts in warm-up has the H of the
/// first round after it, as in the paper, where rate_after_warmup is given; base_period steps otherwise, as
/// in the authors' code (the same where (growth / peak)^2 < base_period + 1). With learning rate 0 the round
/// lasts to the end of the run.
class QuadraticRule : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit QuadraticRule(QuadraticRuleOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  QuadraticRuleOptions options_;
};

}  // namespace muster::inline schedule
