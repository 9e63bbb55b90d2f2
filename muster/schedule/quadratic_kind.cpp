#include "muster/base/format.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/rate_rule_advice.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

RuleKind quadratic_rule() {
  using O = QuadraticRuleOptions;
  return rule<QuadraticRule>(
             "qsr", RuleReading<O>()
                        .bind(base_period_field(), &O::base_period)
                        .means("the least number")
                        .bind<std::string>(in_warmup_field(), warmup_by_word<O>())
                        .bind(growth_field(), &O::growth)
                        .means("the period is (growth / learning rate)^2")
                        .otherwise([](const RunFacts& facts) { return Value(facts.learning_rate.peak); }))
      .says("H = max(base_period, floor((growth / lr)²)); in warm-up see below")
      .from(
          "Gu, Lyu, Arora, Zhang, Huang, \"A Quadratic Synchronization Rule for Distributed Deep Learning\", "
          "ICLR 2024")
      .in("quadratic_rule")
      .grows_as_rate_falls()
      .candidates([](const CandidateRequest& request) {
        const double growth = request.given.given<double>("growth").value_or(request.peak);
        return rate_rule_candidates(
            "qsr", 2, [=](int64_t) { return growth; }, request);
      })
      .suits([](const AdviceFacts& facts) { return facts.rate_falls && facts.steps >= long_run ? 3 : 0; })
      .explains([](const AdviceFacts& facts) {
        return "The learning rate falls over " + format_count(facts.steps) +
               " steps: the quadratic rule meets often while it is high and rarely at the end.";
      })
      .warns(risks_of_rate_rules);
}

}  // namespace muster::inline schedule
