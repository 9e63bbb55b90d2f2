#include "muster/schedule/swap.h"

#include <algorithm>

#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

void SwapOptions::validate() const {
  check_base_period(base_period);
  check_switch_step(switch_step);
}

Swap::Swap(SwapOptions options) : options_(options) { options_.validate(); }

Round Swap::next_round(const RoundStart& start) {
  if (start.step >= options_.switch_step) return local_round(steps_left(start), start);
  return local_round(std::min(options_.base_period, options_.switch_step - start.step), start);
}

}  // namespace muster::inline schedule
