#include "muster/app/plan_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "muster/app/make_schedule.h"
#include "muster/app/value.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/nearest_word.h"

namespace muster {

namespace {

const std::vector<std::string>& rule_words() {
  static const std::vector<std::string> words = {"every_step", "constant", "post_local", "qsr",  "power",
                                                 "adaptive",   "loss",     "piecewise",  "swap", "theory"};
  return words;
}

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

/// Collects rules; a second one of the same name is left out.
class Rules {
 public:
  Rules(const Configuration& configuration, int64_t steps, int64_t settings, std::vector<int64_t> periods)
      : base_(configuration.schedule),
        peak_(configuration.learning_rate.peak),
        steps_(steps),
        settings_(settings),
        periods_(std::move(periods)) {
    if (periods_.empty() && settings_ <= 5)
      periods_ = {2, 4, 8, 16, 32};
    else if (periods_.empty())
      periods_ = geometric(settings_, std::min<int64_t>(steps_, 10'000));
    std::erase_if(periods_, [&](int64_t period) { return period > steps_; });
    if (periods_.empty()) periods_ = {1};
  }

  std::vector<PlanRule> all() {
    add(base_.rule, base_);
    add("every_step", of("every_step"));
    for (const int64_t period : periods_) add(fmt::format("constant:{}", period), of("constant", period));
    growing("qsr", 2);
    growing("power", 1);
    growing("power", 3);
    switching("post_local");
    switching("swap");
    for (const int64_t period : first_periods()) {
      add(fmt::format("adaptive:{}", period), of("adaptive", period));
      add(fmt::format("loss:{}", period), of("loss", period));
      piecewise(period);
    }
    for (const char* theory : {"stich", "haddadpour", "khaled"}) {
      ScheduleSection section = of("theory");
      section.theory = theory;
      add(fmt::format("theory:{}", theory), section);
    }
    for (int64_t i = 1; settings_ > 5 && i <= settings_ - 3; ++i) {
      ScheduleSection section = of("theory");
      section.theory = "khaled";
      section.condition_number = std::pow(1e4, static_cast<double>(i) / static_cast<double>(settings_ - 3));
      add(fmt::format("theory:khaled,{}", format_number(section.condition_number, 4)), section);
    }
    return std::move(rules_);
  }

 private:
  ScheduleSection of(const std::string& rule, int64_t period = 0) const {
    ScheduleSection section = base_;
    section.rule = rule;
    if (period > 0) section.base_period = period;
    if (section.max_period) section.max_period = std::max(*section.max_period, section.base_period);
    return section;
  }
  void add(const std::string& name, const ScheduleSection& section) {
    if (names_.insert(name).second) rules_.push_back({name, section});
  }
  /// Few settings: the short periods of the papers; many: all of them.
  std::vector<int64_t> first_periods() const {
    std::vector<int64_t> few = periods_;
    if (settings_ <= 5) few.resize(std::min<size_t>(few.size(), 3));
    return few;
  }
  /// Rules whose period grows as the learning rate falls. The configured growth belongs to the quadratic
  /// rule; the others' reach the base period at the peak, as the baselines of the QSR paper do.
  void growing(const std::string& rule, double exponent) {
    const bool configured = base_.rule == rule && (rule == "qsr" || base_.exponent == exponent);
    const bool many = settings_ > 5;
    const std::vector<int64_t> bases = many ? std::vector<int64_t>{1, 2, 4, 8, 16} : first_periods();
    const auto growths = many ? std::max<int64_t>(1, settings_ / std::ssize(bases)) : 1;
    for (const int64_t base : bases) {
      if (base > steps_) continue;
      for (int64_t i = 0; i < growths; ++i) {
        ScheduleSection section = of(rule, base);
        section.exponent = exponent;
        const bool own = rule == "qsr" || configured;
        const double usual =
            own ? base_.growth.value_or(peak_) : peak_ * std::pow(static_cast<double>(base), 1 / exponent);
        section.growth =
            usual *
            (growths > 1 ? std::pow(16.0, static_cast<double>(i) / static_cast<double>(growths) - 0.5) : 1);
        const std::string name = rule == "qsr" ? "qsr" : exponent == 1 ? "power" : "cubic";
        add(growths > 1 ? fmt::format("{}:{},{}", name, base, format_number(*section.growth, 4))
                        : fmt::format("{}:{}", name, base),
            section);
      }
    }
  }
  void switching(const std::string& rule) {
    const bool many = settings_ > 5;
    const std::vector<int64_t> bases =
        many ? std::vector<int64_t>{1, 2, 4, 8, 16} : std::vector<int64_t>{4, 8};
    const auto places = many ? std::max<int64_t>(1, settings_ / std::ssize(bases)) : 1;
    for (const int64_t base : bases)
      for (int64_t i = 0; i < places; ++i) {
        const double share = places > 1 ? (static_cast<double>(i) + 1) / (static_cast<double>(places) + 1)
                             : rule == "swap" ? 0.75
                                              : 0.5;
        ScheduleSection section = of(rule, base);
        section.switch_step = std::max<int64_t>(1, std::llround(share * static_cast<double>(steps_)));
        if (base > steps_) continue;
        add(fmt::format("{}:{},{}", rule, base, *section.switch_step), section);
      }
  }
  /// Often in the first half, rarely in the second.
  void piecewise(int64_t period) {
    if (steps_ < 2) return;
    ScheduleSection section = of("piecewise");
    section.pieces = fmt::format("0:{},{}:{}", period, steps_ / 2, 4 * period);
    add(fmt::format("piecewise:{},{}", period, 4 * period), section);
  }

  ScheduleSection base_;
  double peak_;
  int64_t steps_, settings_;
  std::vector<int64_t> periods_;
  std::set<std::string> names_;
  std::vector<PlanRule> rules_;
};

/// Rounds known without asking for each.
struct Walk {
  const RateCurve& curve;
  const Replay* replay;

  ScheduleWalk operator()(const EveryStepOptions&) const {
    return walk_constant(curve.steps(), 1, curve.steps());
  }
  ScheduleWalk operator()(const ConstantPeriodOptions& options) const {
    options.validate();
    return walk_constant(curve.steps(), options.base_period);
  }
  ScheduleWalk operator()(const PostLocalOptions& options) const {
    options.validate();
    return walk_constant(curve.steps(), options.base_period, options.switch_step);
  }
  template <class Options>
  ScheduleWalk operator()(const Options& options) const {
    return walk_schedule(*make_schedule(options), curve, replay);
  }
};

}  // namespace

std::vector<PlanRule> plan_rules(const Configuration& configuration, int64_t steps, int64_t settings,
                                 const std::vector<int64_t>& periods) {
  return Rules(configuration, steps, settings, periods).all();
}

PlanRule named_rule(const std::string& field, const std::string& name, const Configuration& configuration,
                    int64_t steps) {
  const size_t colon = name.find(':');
  const std::string rule = name.substr(0, colon);
  const auto& words = rule_words();
  if (std::find(words.begin(), words.end(), rule) == words.end()) {
    const std::string nearest = nearest_word(rule, words);
    throw OptionError(field, shown(name),
                      fmt::format("there is no rule '{}'{}; the rules are {}", shown(rule),
                                  nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest),
                                  fmt::join(words, ", ")));
  }
  PlanRule result{name, configuration.schedule};
  result.schedule.rule = rule;
  if (colon != std::string::npos) {
    const std::string text = name.substr(colon + 1);
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), result.schedule.base_period);
    if (problem != std::errc() || end != text.data() + text.size() || result.schedule.base_period < 1)
      throw OptionError(field, shown(name), "the part after the rule must be its period, as in constant:8");
    if (rule == "every_step")
      throw OptionError(field, shown(name), "every_step has no period; use constant with a period");
  }
  if (result.schedule.base_period > steps && rule != "every_step" && rule != "theory" && rule != "piecewise")
    throw OptionError(field, shown(name),
                      fmt::format("a period of {} is longer than the run of {} steps; it would never meet "
                                  "before the end",
                                  result.schedule.base_period, steps));
  const bool lacks_switch = (rule == "post_local" || rule == "swap") && !result.schedule.switch_step;
  if (lacks_switch || (rule == "piecewise" && !result.schedule.pieces))
    throw OptionError(field, shown(name),
                      fmt::format("rule {} needs schedule.{} in the configuration", rule,
                                  lacks_switch ? "switch_step" : "pieces"));
  return result;
}

ScheduleWalk walk_rule(const Configuration& configuration, const ScheduleSection& schedule,
                       const RateCurve& curve, const Replay* replay) {
  // Copying whole configurations would cost more than many walks; these are what schedule_options() reads.
  Configuration part;
  part.schedule = schedule;
  part.learning_rate = configuration.learning_rate;
  part.run.workers = configuration.run.workers;
  part.task.batch = configuration.task.batch;
  const ScheduleOptions options = schedule_options(part);
  const auto* theory = std::get_if<TheoryPeriodOptions>(&options);
  if (theory && theory->theory != Theory::growing) {  // one period for the whole run
    RoundStart start{.step = 0, .total_steps = curve.steps(), .learning_rate = curve.at(0)};
    return walk_constant(curve.steps(), make_schedule(options)->next_round(start).steps);
  }
  return std::visit(Walk{curve, replay}, options);
}

}  // namespace muster
