#pragma once

#include <cstdint>
#include <optional>

namespace muster::inline schedule {

/// The ranges of options that several schedules have. Each throws OptionError under the option's key.

/// schedule.base_period >= 1
void check_base_period(int64_t base_period);
/// learning_rate.warmup_steps >= 0
void check_warmup_steps(int64_t warmup_steps);
/// schedule.growth: finite, >= 0
void check_growth(double growth);
/// schedule.switch_step >= 1
void check_switch_step(int64_t switch_step);
/// schedule.max_period, where given: >= base_period
void check_max_period(const std::optional<int64_t>& max_period, int64_t base_period);

}  // namespace muster::inline schedule
