#include "muster/schedule/rule_kind.h"

namespace muster::inline schedule {

std::optional<int64_t> RuleKind::period_of_preview(const Values& values) const {
  if (based_on) return based_on(values);
  if (!has_base_period() || gradients == GradientMeetings::before_switch) return std::nullopt;
  return base_period(values);
}

}  // namespace muster::inline schedule
