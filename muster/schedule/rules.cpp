#include "muster/schedule/rules.h"

namespace muster::inline schedule {

Family<RuleKind> built_in_rules() {
  return {{.section = "schedule",
           .key = "rule",
           .usual = "qsr",
           .meaning = "When the workers meet. docs/methods.md describes each rule and names its paper."},
          {every_step_rule(), constant_rule(), post_local_rule(), quadratic_rule(), power_rule(),
           adaptive_rule(), loss_rule(), piecewise_rule(), swap_rule(), theory_rule()}};
}

}  // namespace muster::inline schedule
