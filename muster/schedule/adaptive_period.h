#pragma once

#include <cstdint>
#include <optional>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct AdaptivePeriodOptions {
  int64_t base_period = 4;              ///< schedule.base_period, p_init
  double sampling_fraction = 0.25;      ///< schedule.sampling_fraction, of the run's steps after warm-up
  double band_low = 0.7;                ///< schedule.band, first value
  double band_high = 1.3;               ///< schedule.band, second value
  std::optional<int64_t> max_period{};  ///< schedule.max_period
  int64_t warmup_steps = 0;             ///< learning_rate.warmup_steps
  int64_t switch_step = 0;              ///< schedule.switch_step: rounds of one step before it
  void validate() const;
};

/// Adaptive periodic averaging, ADPSGD (Jiang, Agrawal, "Adaptive Periodic Averaging", 2020): the period p
/// follows the divergence S of the replicas. At the end of every full round, whose last step k used the
/// learning rate g:
///
///     k < K_s:   p = base_period,  C2 += (S / g - C2) / m,  m = 1, 2, ...    (a plain mean)
///     k >= K_s:  p += 1 where S < band_low g C2 (up to max_period),
///                p -= 1 where S > band_high g C2 and p > 1
///
/// with K_s = sampling_fraction x total_steps, the end of the sampling phase. Products are compared, never
/// quotients; nothing happens where g = 0, nothing is decided while m = 0. A last round cut short by the end
/// of the run does not drive the controller. Warm-up would lower C2 (S / g is proportional to g p), so rounds
/// that start in it have base_period steps and are neither sampled nor judged. Rounds that start before
/// switch_step have one step and are neither sampled nor judged, the paper's first epoch with p = 1. Where
/// the later of both ends at step B, K_s = B + sampling_fraction x (total_steps - B).
class AdaptivePeriod : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit AdaptivePeriod(AdaptivePeriodOptions options);
  Round next_round(const RoundStart& start) override;
  bool wants_divergence() const override { return true; }
  /// period, reference (C2), samples (m), running_start (-1 before the first round), running_full (1: not cut
  /// short).
  Numbers state() const override;
  void restore(const Numbers& numbers) override;

  int64_t period() const { return period_; }
  /// C2: the mean divergence per learning rate of the sampling phase so far.
  double reference() const { return reference_; }

 private:
  void learn_from(const RoundStart& start);
  int64_t judged_from() const;

  AdaptivePeriodOptions options_;
  int64_t period_;
  double reference_ = 0;
  int64_t samples_ = 0;
  int64_t running_start_ = -1;
  bool running_full_ = false;
};

}  // namespace muster::inline schedule
