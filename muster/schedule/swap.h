#pragma once

#include <cstdint>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct SwapOptions {
  int64_t base_period = 4;  ///< schedule.base_period, H before the switch
  int64_t switch_step = 0;  ///< schedule.switch_step, >= 1: first step of the last round; required
  void validate() const;
};

/// Stochastic weight averaging in parallel (Gupta, Serrano, DeCoste, ICLR 2020), in the local form of the QSR
/// paper: rounds of base_period steps up to switch_step, where a meeting always falls (the round before it is
/// cut short), then one round without meeting to the end of the run.
class Swap : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit Swap(SwapOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  SwapOptions options_;
};

}  // namespace muster::inline schedule
