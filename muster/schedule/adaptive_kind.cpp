#include <fmt/format.h>

#include "muster/base/format.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/rule_fields.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

namespace {

std::string two_rising(const Value& value) {
  const auto& band = std::get<std::vector<double>>(value);
  return band.size() == 2 && band[0] < band[1] ? "" : "must be two numbers, the lower first, such as 0.7,1.3";
}

Field band_field() {
  return reals_field("band")
      .says("the period stays while the divergence is within these multiples of the sampled one.")
      .above(0)
      .holds(two_rising)
      .otherwise(std::vector<double>{AdaptivePeriodOptions{}.band_low, AdaptivePeriodOptions{}.band_high});
}

RuleReading<AdaptivePeriodOptions> adaptive_reading() {
  return RuleReading<AdaptivePeriodOptions>()
      .bind(base_period_field(), &AdaptivePeriodOptions::base_period)
      .means("the first number")
      .bind<std::string>(in_warmup_field(), warmup_steps_by_word<AdaptivePeriodOptions>())
      .means("first_after is base_period, too")
      .bind(max_period_field(), &AdaptivePeriodOptions::max_period)
      .bind(switch_step_field(), &AdaptivePeriodOptions::switch_step)
      .means("rounds of one step before it")
      .bind(real_field("sampling_fraction")
                .says("part of the run, from its start, in which the divergence is only measured.")
                .above(0)
                .below(1),
            &AdaptivePeriodOptions::sampling_fraction)
      .bind<std::vector<double>>(
          band_field(), [](AdaptivePeriodOptions& options, const std::vector<double>& band, const RunFacts&) {
            options.band_low = band.at(0);
            options.band_high = band.at(1);
          });
}

}  // namespace

RuleKind adaptive_rule() {
  return rule<AdaptivePeriod>("adaptive", adaptive_reading())
      .says("follows the replicas' divergence: one step longer below the band, one shorter above it")
      .from("ADPSGD: Jiang, Agrawal, \"Adaptive Periodic Averaging\", 2020")
      .in("adaptive_period")
      .listens_to_divergence()
      .refuses([](const Values& values) {
        const AdaptivePeriodOptions options = adaptive_reading()(values, {});
        check_max_period(options.max_period, options.base_period);
      })
      .changes([](const Values& values, int64_t steps) {
        return std::optional(fmt::format("samples the first {} of the run, now {} steps",
                                         adaptive_reading()(values, {}).sampling_fraction,
                                         format_count(steps)));
      })
      .candidates([](const CandidateRequest& request) { return period_candidates("adaptive", request); })
      .suits([](const AdviceFacts& facts) { return facts.rate_drops && facts.plain_sgd ? 2 : 0; })
      .explains([](const AdviceFacts&) {
        return std::string(
            "The learning rate falls in steps: the adaptive period follows the replicas' divergence.");
      })
      .warns([](const AdviceFacts& facts) {
        std::vector<std::string> risks = {
            "Accuracy: ADPSGD reported lower loss and higher accuracy than a constant period with fewer "
            "meetings, on CIFAR-10 and ImageNet with 16 workers and SGD (Jiang, Agrawal, 2020); with AdamW "
            "it is untested."};
        if (facts.estimated)
          risks.emplace_back(
              "Its rounds here are an estimate: it follows the divergence that the run will measure.");
        return risks;
      });
}

}  // namespace muster::inline schedule
