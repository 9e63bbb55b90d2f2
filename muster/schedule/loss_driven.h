#pragma once

#include <cstdint>
#include <optional>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct LossDrivenOptions {
  int64_t base_period = 4;              ///< schedule.base_period, tau_0
  std::optional<int64_t> max_period{};  ///< schedule.max_period; none: up to the end of the run
  int64_t warmup_steps = 0;             ///< learning_rate.warmup_steps
  std::optional<int64_t> interval{};    ///< schedule.interval, T0 in steps; none: a thirtieth of the run's
  std::optional<double> interval_seconds{};  ///< schedule.interval_seconds: T0 in seconds of training instead
  double fallback = 0.5;                     ///< schedule.fallback, gamma in [0, 1); 0: none
  void validate() const;
};

/// AdaComm (Wang, Joshi, "Adaptive Communication Strategies to Achieve the Best Error-Runtime Trade-off in
/// Local-Update SGD", MLSys 2019). Training is divided into intervals of length T0; at the first meeting of
/// interval l the period is chosen for all of it,
///
///     wanted = ceil(tau_0 sqrt(loss / loss_0 x lr_0 / lr))
///     tau_l  = wanted           where wanted < tau_(l-1)
///              gamma tau_(l-1)  otherwise (the loss is on a plateau), rounded down
///
/// within [1, max_period]. So the period never grows. With gamma = 0 there is no fallback: tau_l = wanted.
/// loss is the mean over the last round, loss_0 over the first one; lr is the learning rate of the first step
/// of the round to come, lr_0 that of the first round. Rounds that start in warm-up have base_period steps;
/// the first round after it then counts as the first and begins interval 0 (with lr_0 from warm-up the period
/// would stay at 1). No period is chosen before a second round is done. With loss_0 <= 0 the period stays at
/// base_period; loss <= 0 gives 1; learning rate 0 without fallback gives the longest period.
///
/// PaddlePaddle's AdaptiveLocalSGD differs: there tau_0 is under the root,
/// ceil(sqrt(tau_0 x loss / loss_0 x lr_0 / lr)), the losses are those of single steps, the period is chosen
/// anew at every meeting, without fallback, and never exceeds 16.
class LossDriven : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit LossDriven(LossDrivenOptions options);
  Round next_round(const RoundStart& start) override;
  bool wants_loss() const override { return true; }
  bool wants_seconds() const override { return options_.interval_seconds.has_value(); }
  /// phase (0: no reference round yet, 1: it runs, 2: it is done), first_loss, first_learning_rate, period
  /// (of the present interval), begun (where interval 0 began) and next_choice (where the next one begins),
  /// in steps or seconds.
  Numbers state() const override;
  void restore(const Numbers& numbers) override;

 private:
  enum class Phase : int64_t { before_reference, in_reference, after_reference };
  double now(const RoundStart& start) const;
  double interval(const RoundStart& start) const;
  int64_t wanted(const RoundStart& start) const;
  void choose(const RoundStart& start);

  LossDrivenOptions options_;
  Phase phase_ = Phase::before_reference;
  double first_loss_ = 0;
  double first_learning_rate_ = 0;
  int64_t period_;
  double begun_ = 0, next_choice_ = 0;
};

}  // namespace muster::inline schedule
