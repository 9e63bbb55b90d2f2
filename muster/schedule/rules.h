#pragma once

#include <vector>

#include "muster/choice/family.h"
#include "muster/schedule/rule_kind.h"

namespace muster::inline schedule {

// Every rule, described beside its implementation.
RuleKind every_step_rule();
RuleKind constant_rule();
RuleKind post_local_rule();
RuleKind quadratic_rule();
RuleKind power_rule();
RuleKind adaptive_rule();
RuleKind loss_rule();
RuleKind piecewise_rule();
RuleKind swap_rule();
RuleKind theory_rule();

/// All of them, in the order of help and documents: schedule.rule.
Family<RuleKind> built_in_rules();

}  // namespace muster::inline schedule
