#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "muster/choice/field.h"
#include "muster/choice/values.h"
#include "muster/schedule/rule_advice.h"
#include "muster/schedule/run_facts.h"

namespace muster {

// Fields that several rules share. Each rule says what it means to it.

Field base_period_field();
Field max_period_field();
Field switch_step_field();
Field growth_field();

/// What becomes of rounds that start in warm-up.
Field in_warmup_field();
/// The part of warm-up that a rule is to know of: none of it where in_warmup = rule. For a rule whose options
/// have `warmup_steps`.
template <class Options>
std::function<void(Options&, const std::string&, const RunFacts&)> warmup_steps_by_word() {
  return [](Options& options, const std::string& word, const RunFacts& facts) {
    options.warmup_steps = word == "rule" ? 0 : facts.learning_rate.warmup_steps;
  };
}
/// By which rounds in warm-up are as long as the first one after it: the learning rate of step warmup_steps.
double rate_after_warmup(const RunFacts& facts);
/// Both, for a rule whose options have `rate_after_warmup`, too.
template <class Options>
std::function<void(Options&, const std::string&, const RunFacts&)> warmup_by_word() {
  return [](Options& options, const std::string& word, const RunFacts& facts) {
    warmup_steps_by_word<Options>()(options, word, facts);
    if (word == "first_after" && facts.learning_rate.warmup_steps > 0)
      options.rate_after_warmup = rate_after_warmup(facts);
  };
}

/// What both rules with a switch cost.
inline constexpr const char* switch_has_to_be_tuned =
    "Accuracy: the step of the switch has to be tuned; Gu et al. found both below QSR.";

/// "rule:4,1500": settings of a rule with a switch, at about `share` of the run.
std::vector<Candidate> switching_candidates(const std::string& rule, double share,
                                            const CandidateRequest& request);
/// "rule:8": the first periods.
std::vector<Candidate> period_candidates(const std::string& rule, const CandidateRequest& request);

}  // namespace muster
