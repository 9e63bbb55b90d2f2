#include "muster/schedule/quadratic_rule.h"

#include "muster/base/error.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/power_rule.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

void QuadraticRuleOptions::validate() const {
  check_base_period(base_period);
  check_growth(growth);
  check_warmup_steps(warmup_steps);
  invariant(!rate_after_warmup || *rate_after_warmup > 0, "the learning rate after warm-up is above 0");
}

QuadraticRule::QuadraticRule(QuadraticRuleOptions options) : options_(options) { options_.validate(); }

Round QuadraticRule::next_round(const RoundStart& start) {
  const PowerRuleOptions square{.base_period = options_.base_period,
                                .growth = options_.growth,
                                .exponent = 2,
                                .warmup_steps = options_.warmup_steps,
                                .rate_after_warmup = options_.rate_after_warmup};
  return local_round(power_period(square, start), start);
}

}  // namespace muster::inline schedule
