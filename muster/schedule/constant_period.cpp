#include "muster/schedule/constant_period.h"

#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

void ConstantPeriodOptions::validate() const { check_base_period(base_period); }

ConstantPeriod::ConstantPeriod(ConstantPeriodOptions options) : options_(options) { options_.validate(); }

Round ConstantPeriod::next_round(const RoundStart& start) { return local_round(options_.base_period, start); }

}  // namespace muster::inline schedule
