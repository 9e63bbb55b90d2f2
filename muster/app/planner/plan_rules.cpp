#include "muster/app/planner/plan_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

constexpr int64_t few_settings = 5, longest_of_many = 10'000;

/// `count` whole numbers from 1 to `most`, nearly in geometric order, none twice.
std::vector<int64_t> geometric(int64_t count, int64_t most) {
  std::vector<int64_t> numbers;
  const double ratio =
      std::pow(static_cast<double>(most), 1.0 / static_cast<double>(std::max<int64_t>(1, count)));
  double wanted = 1;
  while (static_cast<int64_t>(numbers.size()) < count && (numbers.empty() || numbers.back() < most)) {
    wanted *= ratio;
    const int64_t next = numbers.empty() ? 1 : numbers.back() + 1;
    numbers.push_back(std::min(most, std::max(next, static_cast<int64_t>(std::llround(wanted)))));
  }
  return numbers;
}

/// The periods to look at: those asked for, or the short ones of the papers, or many; none beyond the run.
std::vector<int64_t> periods_within(std::vector<int64_t> periods, int64_t steps, int64_t settings) {
  if (periods.empty() && settings <= few_settings)
    periods = {2, 4, 8, 16, 32};
  else if (periods.empty())
    periods = geometric(settings, std::min(steps, longest_of_many));
  std::erase_if(periods, [&](int64_t period) { return period > steps; });
  if (periods.empty()) periods = {1};
  return periods;
}

/// The part of a name behind its colon.
int64_t named_period(const std::string& field, const std::string& name, const std::string& text) {
  int64_t period = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), period);
  if (problem != std::errc() || end != text.data() + text.size() || period < 1)
    throw OptionError(field, shown(name), "the part after the rule must be its period, as in constant:8");
  return period;
}

const RuleKind& rule_called(const Family<RuleKind>& rules, const std::string& field, const std::string& name,
                            const std::string& rule) {
  if (const RuleKind* kind = rule.empty() ? nullptr : rules.find(rule)) return *kind;
  const std::string nearest = nearest_word(rule, rules.words());
  throw OptionError(field, shown(name),
                    fmt::format("there is no rule '{}'{}; the rules are {}", shown(rule),
                                nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest),
                                fmt::join(rules.words(), ", ")));
}

}  // namespace

std::vector<PlanRule> plan_rules(const Catalogue& catalogue, const Configuration& configuration,
                                 int64_t steps, int64_t settings, const std::vector<int64_t>& periods) {
  const std::vector<int64_t> within = periods_within(periods, steps, settings);
  const ScheduleSection& own = configuration.schedule;
  const CandidateRequest request{.given = own.values,
                                 .rule = own.rule,
                                 .peak = configuration.learning_rate.peak,
                                 .steps = steps,
                                 .settings = settings,
                                 .periods = within};
  std::vector<PlanRule> rules = {{own.rule, own}};
  std::set<std::string> names = {own.rule};
  for (const RuleKind& kind : catalogue.rules().all()) {
    if (!kind.advice.candidates) continue;
    for (Candidate& one : kind.advice.candidates(request))
      if (names.insert(one.name).second) rules.push_back({one.name, {kind.name, std::move(one.values)}});
  }
  return rules;
}

PlanRule named_rule(const Catalogue& catalogue, const std::string& field, const std::string& name,
                    const Configuration& configuration, int64_t steps) {
  const size_t colon = name.find(':');
  const RuleKind& kind = rule_called(catalogue.rules(), field, name, name.substr(0, colon));
  PlanRule result{name, {kind.name, configuration.schedule.values}};
  Values& values = result.schedule.values;
  if (colon != std::string::npos) {
    const int64_t period = named_period(field, name, name.substr(colon + 1));
    if (!kind.has_base_period())
      throw OptionError(field, shown(name), kind.name + " has no period; use constant with a period");
    values.set("base_period", period);
  }
  if (kind.has_base_period() && kind.base_period(values) > steps)
    throw OptionError(field, shown(name),
                      fmt::format("a period of {} is longer than the run of {} steps; it would never meet "
                                  "before the end",
                                  kind.base_period(values), steps));
  for (const FieldUse& use : kind.uses)
    if (!use.needed.empty() && !values.has(use.field.name))
      throw OptionError(
          field, shown(name),
          fmt::format("rule {} needs schedule.{} in the configuration", kind.name, use.field.name));
  return result;
}

ScheduleWalk walk_rule(const Catalogue& catalogue, const Configuration& configuration,
                       const ScheduleSection& schedule, const RateCurve& curve, const Replay* replay) {
  const RuleKind& kind = catalogue.rules().at(schedule.rule);
  const RunFacts facts = run_facts(catalogue, configuration);
  if (kind.closed_form)
    if (const auto form = kind.closed_form(schedule.values, facts, curve.steps()))
      return walk_constant(curve.steps(), form->period, form->gradient_steps);
  return walk_schedule(*kind.make(schedule.values, facts), curve, replay);
}

}  // namespace muster::inline app
