#pragma once

#include <cstdint>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct PostLocalOptions {
  int64_t base_period = 4;  ///< schedule.base_period, H of the second phase
  int64_t switch_step = 0;  ///< schedule.switch_step, >= 1: first step of the second phase; required
  void validate() const;
};

/// Post-local SGD (Lin, Stich, Patel, Jaggi, ICLR 2020): gradients are averaged in every step before
/// switch_step, from there on parameters every base_period steps.
class PostLocal : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit PostLocal(PostLocalOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  PostLocalOptions options_;
};

}  // namespace muster::inline schedule
