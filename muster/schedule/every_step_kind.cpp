#include "muster/schedule/every_step.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

RuleKind every_step_rule() {
  return rule<EveryStep>("every_step", RuleReading<EveryStepOptions>())
      .says("gradients are averaged in every step (plain data parallel training)")
      .in("every_step")
      .averages_gradients(GradientMeetings::always)
      .walks([](const Values&, const RunFacts&, int64_t total_steps) {
        return ClosedForm{.period = 1, .gradient_steps = total_steps};
      })
      .candidates([](const CandidateRequest& request) {
        return std::vector<Candidate>{{"every_step", request.given}};
      })
      .warns([](const AdviceFacts&) { return std::vector<std::string>(); });
}

}  // namespace muster::inline schedule
