#include "muster/schedule/power_rule.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

namespace {

// Small whole exponents by multiplication: exact wherever the product is, and the same bits on every machine.
double power(double base, double exponent) {
  if (exponent > 16 || exponent != std::floor(exponent)) return std::pow(base, exponent);
  double product = base;
  for (int k = 1; k < static_cast<int>(exponent); ++k) product *= base;
  return product;
}

}  // namespace

void PowerRuleOptions::validate() const {
  check_base_period(base_period);
  check_growth(growth);
  if (!(exponent > 0) || !std::isfinite(exponent))
    throw OptionError("schedule.exponent", format_number(exponent), "must be a number > 0");
  check_warmup_steps(warmup_steps);
  invariant(!rate_after_warmup || *rate_after_warmup > 0, "the learning rate after warm-up is above 0");
}

PowerRule::PowerRule(PowerRuleOptions options) : options_(options) { options_.validate(); }

Round PowerRule::next_round(const RoundStart& start) {
  return local_round(power_period(options_, start), start);
}

int64_t power_period(const PowerRuleOptions& options, const RoundStart& start) {
  invariant(start.learning_rate >= 0, "the learning rate of a round must be a number >= 0");
  const bool in_warmup = start.step < options.warmup_steps;
  if ((in_warmup && !options.rate_after_warmup) || options.growth == 0) return options.base_period;
  const double rate = in_warmup ? *options.rate_after_warmup : start.learning_rate;
  return whole_period(power(options.growth / rate, options.exponent), options.base_period, start);
}

}  // namespace muster::inline schedule
