#include "muster/schedule/constant_period.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

RuleKind constant_rule() {
  using O = ConstantPeriodOptions;
  const auto reading = RuleReading<O>().bind(base_period_field(), &O::base_period);
  return rule<ConstantPeriod>("constant", reading)
      .says("H = base_period; parameters are averaged")
      .from("local SGD: Stich, ICLR 2019")
      .in("constant_period")
      .has_one_period()
      .walks([reading](const Values& values, const RunFacts& facts, int64_t) {
        const O options = reading(values, facts);
        options.validate();
        return ClosedForm{.period = options.base_period};
      })
      .candidates([](const CandidateRequest& request) {
        std::vector<Candidate> all;
        for (const int64_t period : request.periods)
          all.push_back({"constant:" + std::to_string(period), request.with_period(period)});
        return all;
      })
      .suits([](const AdviceFacts&) { return 1; })
      .explains([](const AdviceFacts& facts) {
        return "The shortest period of 2, 4, 8 at which all but computing takes at most " + facts.enough +
               ", or the longest of them; rules that follow the learning rate need a long run in which it "
               "falls.";
      })
      .warns([](const AdviceFacts&) {
        return std::vector<std::string>{
            "Accuracy: a constant period tends to cost some: ViT-B on ImageNet ended 1.7 points lower with "
            "period 4 than with QSR (Gu et al., ICLR 2024), and the replicas' variance is largest early, "
            "when meetings matter most (Jiang, Agrawal, 2020). Compare a short run with every_step: muster "
            "compare."};
      });
}

}  // namespace muster::inline schedule
