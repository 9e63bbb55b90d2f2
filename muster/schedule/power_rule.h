#pragma once

#include <cstdint>
#include <optional>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct PowerRuleOptions {
  int64_t base_period = 4;   ///< schedule.base_period
  double growth = 0.1;       ///< schedule.growth, a learning rate; 0: the period stays at base_period
  double exponent = 1;       ///< schedule.exponent, > 0: 1 and 3 are the baselines of the QSR paper
  int64_t warmup_steps = 0;  ///< learning_rate.warmup_steps
  /// schedule.in_warmup = first_after: the learning rate of step warmup_steps, from which rounds that start
  /// in warm-up take their length, that of the first round after it.
  std::optional<double> rate_after_warmup{};
  void validate() const;
};

/// The quadratic rule with any exponent (Gu, Lyu, Arora, Zhang, Huang, ICLR 2024, its baselines 1/lr and
/// 1/lr^3):
///
///     H = max(base_period, floor((growth / lr)^exponent)),   lr = learning rate of the round's first step
///
/// A round that starts in warm-up has base_period steps, or with rate_after_warmup the H of that rate. With
/// learning rate 0 the round lasts to the end of the run.
class PowerRule : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit PowerRule(PowerRuleOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  PowerRuleOptions options_;
};

/// The formula above, cut to what is left of the run. REQUIRES: start.learning_rate >= 0.
int64_t power_period(const PowerRuleOptions& options, const RoundStart& start);

}  // namespace muster::inline schedule
