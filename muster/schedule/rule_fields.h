#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "muster/choice/field.h"
#include "muster/choice/values.h"
#include "muster/schedule/rule_advice.h"
#include "muster/schedule/run_facts.h"

namespace muster::inline schedule {

// Fields that several rules share. Each rule adds what the field means for it.

Field base_period_field();
Field max_period_field();
Field switch_step_field();
Field growth_field();

/// schedule.in_warmup: how long rounds that start in warm-up are.
Field in_warmup_field();
/// Sets `warmup_steps` of a rule's options: 0 where in_warmup = rule, otherwise the run's.
template <class Options>
std::function<void(Options&, const std::string&, const RunFacts&)> warmup_steps_by_word() {
  return [](Options& options, const std::string& word, const RunFacts& facts) {
    options.warmup_steps = word == "rule" ? 0 : facts.learning_rate.warmup_steps;
  };
}
/// The learning rate of step warmup_steps, the first after warm-up.
double rate_after_warmup(const RunFacts& facts);
/// Sets `warmup_steps` so, and `rate_after_warmup` where in_warmup = first_after and there is warm-up.
template <class Options>
std::function<void(Options&, const std::string&, const RunFacts&)> warmup_by_word() {
  return [](Options& options, const std::string& word, const RunFacts& facts) {
    warmup_steps_by_word<Options>()(options, word, facts);
    if (word == "first_after" && facts.learning_rate.warmup_steps > 0)
      options.rate_after_warmup = rate_after_warmup(facts);
  };
}

/// The risk of both rules with a switch.
inline constexpr const char* switch_has_to_be_tuned =
    "Accuracy: the step of the switch has to be tuned; Gu et al. found both below QSR.";

/// "rule:4,1500": settings of a rule with a switch, at about `share` of the run.
std::vector<Candidate> switching_candidates(const std::string& rule, double share,
                                            const CandidateRequest& request);
/// "rule:8": the first periods.
std::vector<Candidate> period_candidates(const std::string& rule, const CandidateRequest& request);

}  // namespace muster::inline schedule
