#pragma once

#include <cstdint>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

struct ConstantPeriodOptions {
  int64_t base_period = 4;  ///< schedule.base_period, H
  void validate() const;
};

/// Local SGD (Stich, ICLR 2019): parameters are averaged every H steps, also with H = 1.
class ConstantPeriod : public SyncSchedule {
 public:
  /// Throws OptionError.
  explicit ConstantPeriod(ConstantPeriodOptions options);
  Round next_round(const RoundStart& start) override;

 private:
  ConstantPeriodOptions options_;
};

}  // namespace muster::inline schedule
