#pragma once

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct EveryStepOptions {
  void validate() const {}
};

/// Plain data parallel training: gradients are averaged in every step.
class EveryStep : public SyncSchedule {
 public:
  explicit EveryStep(EveryStepOptions = {}) {}
  Round next_round(const RoundStart& start) override;
};

}  // namespace muster::inline schedule
