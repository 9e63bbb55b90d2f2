#include <cmath>

#include "muster/schedule/power_rule.h"
#include "muster/schedule/rate_rule_advice.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

namespace {

/// The configured growth is used where it belongs to the same rule; otherwise one with which the period at
/// the peak learning rate equals the base, as in the baselines of the QSR paper.
std::vector<Candidate> power_candidates(const std::string& name, double exponent,
                                        const CandidateRequest& request) {
  const bool configured =
      request.rule == "power" && request.given.given<double>("exponent").value_or(1) == exponent;
  const double own = request.given.given<double>("growth").value_or(request.peak), peak = request.peak;
  return rate_rule_candidates(
      name, exponent,
      [=](int64_t base) {
        return configured ? own : peak * std::pow(static_cast<double>(base), 1 / exponent);
      },
      request);
}

}  // namespace

RuleKind power_rule() {
  using O = PowerRuleOptions;
  return rule<PowerRule>("power",
                         RuleReading<O>()
                             .bind(base_period_field(), &O::base_period)
                             .means("the least number")
                             .bind<std::string>(in_warmup_field(), warmup_by_word<O>())
                             .bind(growth_field(), &O::growth)
                             .means("the period is (growth / learning rate)^exponent")
                             .otherwise([](const RunFacts& facts) { return Value(facts.learning_rate.peak); })
                             .bind(real_field("exponent").says("the exponent above.").above(0).at_most(100),
                                   &O::exponent))
      .says("H = max(base_period, floor((growth / lr)^exponent)); 1 and 3 are the QSR paper's baselines")
      .from("as above")
      .in("power_rule")
      .grows_as_rate_falls()
      .candidates([](const CandidateRequest& request) {
        std::vector<Candidate> all = power_candidates("power", 1, request);
        for (Candidate& one : power_candidates("cubic", 3, request)) all.push_back(std::move(one));
        return all;
      })
      .warns(risks_of_rate_rules);
}

}  // namespace muster::inline schedule
