#include "muster/schedule/post_local.h"

#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

void PostLocalOptions::validate() const {
  check_base_period(base_period);
  check_switch_step(switch_step);
}

PostLocal::PostLocal(PostLocalOptions options) : options_(options) { options_.validate(); }

Round PostLocal::next_round(const RoundStart& start) {
  const Round local = local_round(options_.base_period, start);
  return start.step < options_.switch_step ? Round{1, Average::gradients} : local;
}

}  // namespace muster::inline schedule
