#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

namespace {

RuleReading<LossDrivenOptions> loss_reading() {
  return RuleReading<LossDrivenOptions>()
      .bind(base_period_field(), &LossDrivenOptions::base_period)
      .means("the first number")
      .bind<std::string>(in_warmup_field(), warmup_steps_by_word<LossDrivenOptions>())
      .means("first_after is base_period, too")
      .bind(max_period_field(), &LossDrivenOptions::max_period)
      .bind(integer_field("interval")
                .says("how long a period holds before the loss decides again, AdaComm's T0.")
                .in("steps")
                .absent("a thirtieth of the run after warm-up")
                .at_least(1),
            &LossDrivenOptions::interval)
      .bind(real_field("interval_seconds")
                .says("the same in seconds of training, as in the paper (60); runs are then not repeatable "
                      "to the bit.")
                .in("seconds")
                .absent("schedule.interval counts")
                .above(0),
            &LossDrivenOptions::interval_seconds)
      .bind(real_field("fallback")
                .says("factor of the period where the loss does not ask for a shorter one, AdaComm's gamma. "
                      "0: no fallback, the period may grow.")
                .at_least(0)
                .below(1),
            &LossDrivenOptions::fallback);
}

void refuse_two_intervals(const Values& values) {
  const Value* const seconds = values.find("interval_seconds");
  if (seconds && values.has("interval"))
    throw OptionError("schedule.interval_seconds", format_plain(*seconds),
                      "and schedule.interval both set how long a period holds; leave one out");
}

}  // namespace

RuleKind loss_rule() {
  return rule<LossDriven>("loss", loss_reading())
      .says(
          "chosen once in an interval T0: ceil(base_period · sqrt(loss / loss₀ · lr₀ / lr)) where that is "
          "less than the last H, otherwise fallback · H")
      .from("AdaComm: Wang, Joshi, MLSys 2019")
      .in("loss_driven")
      .listens_to_loss()
      .refuses([](const Values& values) {
        const LossDrivenOptions options = loss_reading()(values, {});
        check_max_period(options.max_period, options.base_period);
      })
      .refuses_always(refuse_two_intervals)
      .changes([](const Values& values, int64_t steps) -> std::optional<std::string> {
        const LossDrivenOptions options = loss_reading()(values, {});
        if (options.interval || options.interval_seconds) return std::nullopt;
        return "chooses a period in every thirtieth of the run, now " + format_count(steps) + " steps";
      })
      .candidates([](const CandidateRequest& request) { return period_candidates("loss", request); });
}

}  // namespace muster::inline schedule
