#include "muster/schedule/post_local.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

RuleKind post_local_rule() {
  using O = PostLocalOptions;
  const auto reading = RuleReading<O>()
                           .bind(base_period_field(), &O::base_period)
                           .bind(switch_step_field(), &O::switch_step)
                           .means("meetings in every step before it")
                           .needed("the step at which its second phase begins");
  return rule<PostLocal>("post_local", reading)
      .says("as `every_step` before switch_step, then as `constant`")
      .from("Lin, Stich, Patel, Jaggi, \"Don't Use Large Mini-Batches, Use Local SGD\", ICLR 2020")
      .in("post_local")
      .averages_gradients(GradientMeetings::before_switch)
      .walks([reading](const Values& values, const RunFacts& facts, int64_t) {
        const O options = reading(values, facts);
        options.validate();
        return ClosedForm{.period = options.base_period, .gradient_steps = options.switch_step};
      })
      .candidates(
          [](const CandidateRequest& request) { return switching_candidates("post_local", 0.5, request); })
      .warns([](const AdviceFacts&) { return std::vector<std::string>{switch_has_to_be_tuned}; });
}

}  // namespace muster::inline schedule
