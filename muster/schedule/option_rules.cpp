#include "muster/schedule/option_rules.h"

#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline schedule {

void check_base_period(int64_t base_period) {
  if (base_period < 1)
    throw OptionError("schedule.base_period", std::to_string(base_period),
                      "must be at least 1 (steps per round)");
}

void check_warmup_steps(int64_t warmup_steps) {
  if (warmup_steps < 0)
    throw OptionError("learning_rate.warmup_steps", std::to_string(warmup_steps), "must be at least 0");
}

void check_growth(double growth) {
  if (!(growth >= 0) || !std::isfinite(growth))
    throw OptionError("schedule.growth", format_number(growth),
                      "must be a number >= 0 (a learning rate; 0: the period stays at schedule.base_period)");
}

void check_switch_step(int64_t switch_step) {
  if (switch_step < 1)
    throw OptionError("schedule.switch_step", std::to_string(switch_step),
                      "must be at least 1: the step at which this rule changes its way");
}

void check_max_period(const std::optional<int64_t>& max_period, int64_t base_period) {
  if (max_period && *max_period < base_period)
    throw OptionError("schedule.max_period", std::to_string(*max_period),
                      "must be at least schedule.base_period = " + std::to_string(base_period));
}

}  // namespace muster::inline schedule
