#include <fmt/format.h>

#include <algorithm>

#include "muster/app/keys/catalogue.h"
#include "muster/app/planner/plan_result.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

constexpr double little = 0.05;      // of every_step's time: not worth a change
constexpr double enough = 0.10;      // of a rule's time beside computing: no rarer meetings needed
constexpr double worthwhile = 0.10;  // of the time, that a codec must save
constexpr int64_t longest_of_papers = 8;

/// The share of a run's time that is not computing.
double overhead(const RunTime& time) {
  return time.total() > 0 ? (time.total() - time.compute - time.other) / time.total() : 0;
}

double meetings_share(const RunTime& time) {
  return time.total() > 0 ? (time.communication() + time.waiting) / time.total() : 0;
}

/// The rules that the papers recommend for this training, the most recommended first.
std::vector<const RuleKind*> families(const PlanResult& plan) {
  const AdviceFacts facts = plan.facts;
  std::vector<const RuleKind*> rules;
  const auto weight = [&](const RuleKind* rule) {
    return rule->advice.suits ? rule->advice.suits(facts) : 0;
  };
  for (const PlanRow& row : plan.rows)
    if (weight(row.rule) > 0 && std::find(rules.begin(), rules.end(), row.rule) == rules.end())
      rules.push_back(row.rule);
  std::stable_sort(rules.begin(), rules.end(),
                   [&](const RuleKind* one, const RuleKind* other) { return weight(one) > weight(other); });
  return rules;
}

/// Among a rule's rows with a base period that papers used: the shortest period with little time beside
/// computing, else the longest. Nothing where the plan has no such row.
std::optional<size_t> choose(const PlanResult& plan, const RuleKind* rule) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < plan.rows.size(); ++i) {
    const int64_t period = plan.rows[i].base_period().value_or(1);
    if (plan.rows[i].rule == rule && period > 1 && period <= longest_of_papers) rows.push_back(i);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return *plan.rows[a].base_period() < *plan.rows[b].base_period();
  });
  if (rows.empty()) return std::nullopt;
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](size_t row) { return overhead(plan.rows[row].time) <= enough; });
  return found == rows.end() ? rows.back() : *found;
}

std::string percent(double share) {
  return fmt::format("{} %", format_number(100 * share, 100 * share < 100 ? 3 : 4));
}
std::string hours(double seconds) { return format_duration(seconds); }

/// "20:00:00 for computing, 6:42:00 for meetings": the parts that are there; they add up to the whole.
std::string parts(const RunTime& time) {
  std::string text;
  const auto add = [&](double seconds, const char* what) {
    if (seconds > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", hours(seconds), what);
  };
  add(time.compute, "for computing");
  add(time.communication(), "for meetings");
  add(time.waiting, "waiting for the slowest");
  add(time.failures, "for failures");
  add(time.other, "for evaluations and checkpoints");
  return text;
}

double not_computing(const RunTime& time) {
  return time.total() > 0 ? (time.total() - time.compute) / time.total() : 0;
}

void explain_rule(const PlanResult& plan, PlanAdvice& advice) {
  const PlanRow& row = plan.rows[advice.row];
  const PlanRow& every = plan.rows[plan.every_step];
  auto& reasons = advice.reasons;
  reasons.push_back(
      fmt::format("Meeting at every step takes {}: {}.", hours(every.time.total()), parts(every.time)));
  if (advice.row == plan.every_step) {
    if (meetings_share(every.time) < little)
      reasons.push_back(fmt::format("Meetings and waiting are {} of that, so no rule can save much.",
                                    percent(meetings_share(every.time))));
    else
      reasons.push_back(
          fmt::format("Rounds with the periods of the papers save less than {} of it.", percent(little)));
    if (every.time.waiting > every.time.total() / 5 && plan.async)
      reasons.push_back(
          fmt::format("The waiting is for workers that are always slow, which no period changes. The "
                      "asynchronous run as configured takes {} (muster simulate, muster serve; "
                      "docs/async.md).",
                      hours(plan.async->seconds)));
    return;
  }
  reasons.push_back(
      fmt::format("{} meets in {} of the steps and takes {}: {} less. {} of it is not computing.", row.name,
                  percent(row.walk.communication()), hours(row.time.total()),
                  percent(1 - row.time.total() / every.time.total()), percent(not_computing(row.time))));
  if (advice.row == 0 && overhead(row.time) <= enough)
    reasons.emplace_back("It is the configuration's own rule, and leaves little to save.");
  if (!row.rule->advice.reason) return;
  AdviceFacts facts = plan.facts;
  facts.enough = percent(enough);
  reasons.push_back(row.rule->advice.reason(facts));
}

void explain_risk(const PlanResult& plan, PlanAdvice& advice) {
  const PlanRow& row = plan.rows[advice.row];
  auto& risks = advice.risks;
  AdviceFacts facts = plan.facts;
  facts.estimated = row.walk.estimated;
  if (row.rule->advice.risks)
    risks = row.rule->advice.risks(facts);
  else
    risks.emplace_back("Accuracy: compare a short run with every_step (muster compare) before a long one.");
  if (const auto period = row.base_period(); period && *period > longest_of_papers)
    risks.push_back(fmt::format("A base period of {} is beyond what the papers on it tried (8).", *period));
}

void choose_travel(const PlanResult& plan, PlanAdvice& advice) {
  const RunTime before = advice.time;
  if (before.total() <= 0 || before.communication() / before.total() <= enough) return;
  for (const PlanTravel& travel : plan.travels) {
    if (!plan.own_codec->lossless || travel.delayed || travel.codec->saves.empty()) continue;
    const double saved = 1 - travel.time.total() / before.total();
    if (saved < worthwhile) continue;
    advice.codec = travel.codec;
    advice.time = travel.time;
    advice.bytes_per_worker = travel.bytes_per_worker;
    advice.reasons.push_back(
        fmt::format("Bytes still take long: {} save another {}, without the processor's time for encoding.",
                    travel.codec->saves, percent(saved)));
    advice.risks.push_back(travel.codec->risk);
  }
  for (const PlanTravel& travel : plan.travels)
    if (travel.delayed && travel.time.total() < 0.9 * advice.time.total())
      advice.reasons.push_back(
          fmt::format("Not taken: comm.overlap = delayed would need {} instead of {}; outcomes "
                      "that land a round late cost accuracy (docs/benchmarks.md).",
                      hours(travel.time.total()), hours(advice.time.total())));
}

}  // namespace

namespace {

/// The row that the papers and the times recommend, whatever it saves.
size_t best_rule(const PlanResult& plan) {
  const PlanRow& every = plan.rows[plan.every_step];
  if (meetings_share(every.time) < little) return plan.every_step;
  const RuleKind& own = *plan.rows.front().rule;
  const bool local = own.gradients != GradientMeetings::always && !own.last_round_alone;
  if (local && overhead(plan.rows.front().time) <= enough) return 0;
  for (const RuleKind* rule : families(plan))
    if (const auto chosen = choose(plan, rule)) return *chosen;
  return 0;
}

}  // namespace

AdviceFacts advice_facts(const Catalogue& catalogue, const PlanRequest& request) {
  const Configuration& configuration = request.configuration;
  AdviceFacts facts;
  const LearningRateSection& rate = configuration.learning_rate;
  const RateKind& shape = catalogue.rates().at(rate.shape);
  facts.rate_falls = shape.falls_to_the_end && rate.final <= 0.1 * rate.peak;
  facts.rate_drops = shape.drops_at_milestones;
  facts.plain_sgd = catalogue.inner_optimizers().at(configuration.inner.optimizer).linear;
  facts.steps = request.steps;
  facts.warmup_steps = configuration.learning_rate.warmup_steps;
  return facts;
}

size_t plan_choice(const PlanResult& plan) {
  const size_t best = best_rule(plan);
  const double saved = 1 - plan.rows[best].time.total() / plan.rows[plan.every_step].time.total();
  return saved < little ? plan.every_step : best;
}

PlanAdvice plan_advice(const PlanResult& plan) {
  PlanAdvice advice;
  advice.row = plan_choice(plan);
  const PlanRow& row = plan.rows[advice.row];
  advice.codec = plan.own_codec;
  advice.time = row.time;
  advice.bytes_per_worker = row.bytes_per_worker;
  explain_rule(plan, advice);
  explain_risk(plan, advice);
  choose_travel(plan, advice);
  return advice;
}

}  // namespace muster::inline app
