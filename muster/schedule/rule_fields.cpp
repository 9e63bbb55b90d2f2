#include "muster/schedule/rule_fields.h"

#include <algorithm>
#include <cmath>

#include "muster/schedule/learning_rate.h"

namespace muster::inline schedule {

Field base_period_field() {
  return integer_field("base_period").says("steps between two meetings.").in("steps").at_least(1);
}

Field max_period_field() {
  return integer_field("max_period").says("longest period.").in("steps").absent("no limit").at_least(1);
}

Field switch_step_field() {
  return integer_field("switch_step").in("steps").absent("none").at_least(1).before_end_of_run();
}

Field growth_field() {
  return real_field("growth").in("a learning rate").absent("learning_rate.peak").at_least(0);
}

Field in_warmup_field() {
  return text_field("in_warmup")
      .says(
          "rounds that start in warm-up: base_period steps; first_after: as many as the first round after "
          "it (the QSR paper's rule); rule: what the rule makes of the small learning rate there, for study "
          "only.")
      .one_of({"base_period", "first_after", "rule"})
      .otherwise("base_period");
}

double rate_after_warmup(const RunFacts& facts) {
  const int64_t warmup = facts.learning_rate.warmup_steps;
  return LearningRate(facts.learning_rate, warmup + 1).at(warmup);
}

std::vector<Candidate> switching_candidates(const std::string& rule, double share,
                                            const CandidateRequest& request) {
  const std::vector<int64_t> bases =
      request.many() ? std::vector<int64_t>{1, 2, 4, 8, 16} : std::vector<int64_t>{4, 8};
  const int64_t places = request.many() ? std::max<int64_t>(1, request.settings / std::ssize(bases)) : 1;
  std::vector<Candidate> all;
  for (const int64_t base : bases)
    for (int64_t i = 0; i < places && base <= request.steps; ++i) {
      const double part =
          places > 1 ? (static_cast<double>(i) + 1) / (static_cast<double>(places) + 1) : share;
      const int64_t step = std::max<int64_t>(1, std::llround(part * static_cast<double>(request.steps)));
      Values values = request.with_period(base);
      values.set("switch_step", step);
      all.push_back({rule + ":" + std::to_string(base) + "," + std::to_string(step), std::move(values)});
    }
  return all;
}

std::vector<Candidate> period_candidates(const std::string& rule, const CandidateRequest& request) {
  std::vector<Candidate> all;
  for (const int64_t period : request.first_periods())
    all.push_back({rule + ":" + std::to_string(period), request.with_period(period)});
  return all;
}

}  // namespace muster::inline schedule
