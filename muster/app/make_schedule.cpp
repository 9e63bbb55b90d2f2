#include "muster/app/make_schedule.h"

#include <array>
#include <string_view>
#include <utility>

#include "muster/base/error.h"

namespace muster {

namespace {

template <class Enum, size_t n>
Enum named(const std::array<std::pair<std::string_view, Enum>, n>& words, std::string_view word) {
  for (const auto& [name, value] : words)
    if (name == word) return value;
  throw Bug("a word passed its check but stands for nothing: " + std::string(word));
}

constexpr std::array<std::pair<std::string_view, Theory>, 6> theories = {{
    {"stich", Theory::stich},
    {"haddadpour", Theory::haddadpour},
    {"khaled", Theory::khaled},
    {"growing", Theory::growing},
    {"woodworth", Theory::woodworth},
    {"koloskova", Theory::koloskova},
}};

constexpr std::array<std::pair<std::string_view, LearningRateShape>, 5> shapes = {{
    {"constant", LearningRateShape::constant},
    {"cosine", LearningRateShape::cosine},
    {"linear", LearningRateShape::linear},
    {"step", LearningRateShape::step},
    {"cosine_powers_of_two", LearningRateShape::cosine_powers_of_two},
}};

struct BasePeriod {
  std::optional<int64_t> operator()(const EveryStepOptions&) const { return 1; }
  std::optional<int64_t> operator()(const ConstantPeriodOptions& options) const {
    return options.base_period;
  }
  std::optional<int64_t> operator()(const PostLocalOptions&) const { return std::nullopt; }
  std::optional<int64_t> operator()(const QuadraticRuleOptions& options) const { return options.base_period; }
  std::optional<int64_t> operator()(const PowerRuleOptions& options) const { return options.base_period; }
  std::optional<int64_t> operator()(const AdaptivePeriodOptions& options) const {
    return options.base_period;
  }
  std::optional<int64_t> operator()(const LossDrivenOptions& options) const { return options.base_period; }
  std::optional<int64_t> operator()(const PiecewiseOptions& options) const {
    return options.pieces.front().period;
  }
  std::optional<int64_t> operator()(const SwapOptions& options) const { return options.base_period; }
  std::optional<int64_t> operator()(const TheoryPeriodOptions&) const { return std::nullopt; }
};

struct Make {
  using Made = std::unique_ptr<SyncSchedule>;
  Made operator()(const EveryStepOptions& options) const { return std::make_unique<EveryStep>(options); }
  Made operator()(const ConstantPeriodOptions& options) const {
    return std::make_unique<ConstantPeriod>(options);
  }
  Made operator()(const PostLocalOptions& options) const { return std::make_unique<PostLocal>(options); }
  Made operator()(const QuadraticRuleOptions& options) const {
    return std::make_unique<QuadraticRule>(options);
  }
  Made operator()(const PowerRuleOptions& options) const { return std::make_unique<PowerRule>(options); }
  Made operator()(const AdaptivePeriodOptions& options) const {
    return std::make_unique<AdaptivePeriod>(options);
  }
  Made operator()(const LossDrivenOptions& options) const { return std::make_unique<LossDriven>(options); }
  Made operator()(const PiecewiseOptions& options) const { return std::make_unique<Piecewise>(options); }
  Made operator()(const SwapOptions& options) const { return std::make_unique<Swap>(options); }
  Made operator()(const TheoryPeriodOptions& options) const {
    return std::make_unique<TheoryPeriod>(options);
  }
};

// By which rounds in warm-up are as long as the first one after it, where that is asked for.
std::optional<double> rate_after_warmup(const Configuration& configuration) {
  const int64_t warmup = configuration.learning_rate.warmup_steps;
  if (configuration.schedule.in_warmup != "first_after" || warmup == 0) return std::nullopt;
  return make_learning_rate(configuration, warmup + 1).at(warmup);
}

}  // namespace

ScheduleOptions schedule_options(const Configuration& configuration) {
  const ScheduleSection& keys = configuration.schedule;
  const std::string& rule = keys.rule;
  const double growth = keys.growth.value_or(configuration.learning_rate.peak);
  const int64_t warmup = keys.in_warmup == "rule" ? 0 : configuration.learning_rate.warmup_steps;
  if (rule == "every_step") return EveryStepOptions{};
  if (rule == "constant") return ConstantPeriodOptions{keys.base_period};
  if (rule == "post_local") return PostLocalOptions{keys.base_period, keys.switch_step.value_or(0)};
  if (rule == "qsr")
    return QuadraticRuleOptions{keys.base_period, growth, warmup, rate_after_warmup(configuration)};
  if (rule == "power")
    return PowerRuleOptions{keys.base_period, growth, keys.exponent, warmup,
                            rate_after_warmup(configuration)};
  if (rule == "adaptive")
    return AdaptivePeriodOptions{
        keys.base_period, keys.sampling_fraction,      keys.band[0], keys.band[1], keys.max_period,
        warmup,           keys.switch_step.value_or(0)};
  if (rule == "loss")
    return LossDrivenOptions{keys.base_period, keys.max_period,       warmup,
                             keys.interval,    keys.interval_seconds, keys.fallback};
  if (rule == "piecewise") return PiecewiseOptions{parse_pieces(keys.pieces.value_or(""))};
  if (rule == "swap") return SwapOptions{keys.base_period, keys.switch_step.value_or(0)};
  if (rule == "theory")
    return TheoryPeriodOptions{named(theories, keys.theory), configuration.run.workers.value_or(1),
                               configuration.task.batch, keys.condition_number};
  throw Bug("schedule.rule passed its check but stands for nothing: " + rule);
}

std::unique_ptr<SyncSchedule> make_schedule(const ScheduleOptions& options) {
  return std::visit(Make{}, options);
}

std::optional<int64_t> base_period(const ScheduleOptions& options) {
  return std::visit(BasePeriod{}, options);
}

LearningRate make_learning_rate(const Configuration& configuration, int64_t total_steps) {
  const LearningRateSection& keys = configuration.learning_rate;
  return LearningRate({.shape = named(shapes, keys.shape),
                       .peak = keys.peak,
                       .final = keys.final,
                       .warmup_steps = keys.warmup_steps,
                       .milestones = keys.milestones,
                       .decay = keys.decay,
                       .hold_from = keys.hold_from},
                      total_steps);
}

}  // namespace muster
