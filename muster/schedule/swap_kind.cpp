#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"
#include "muster/schedule/swap.h"

namespace muster::inline schedule {

RuleKind swap_rule() {
  using O = SwapOptions;
  return rule<Swap>("swap", RuleReading<O>()
                                .bind(base_period_field(), &O::base_period)
                                .bind(switch_step_field(), &O::switch_step)
                                .means("no meeting after it until the end")
                                .needed("the step at which its second phase begins"))
      .says("as `constant` up to switch_step, then one last round without meeting")
      .from(
          "Gupta, Serrano, DeCoste, \"Stochastic Weight Averaging in Parallel\", ICLR 2020; in the form of "
          "the QSR paper")
      .in("swap")
      .ends_alone()
      .candidates([](const CandidateRequest& request) { return switching_candidates("swap", 0.75, request); })
      .warns([](const AdviceFacts&) { return std::vector<std::string>{switch_has_to_be_tuned}; });
}

}  // namespace muster::inline schedule
