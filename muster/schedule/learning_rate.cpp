#include "muster/schedule/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/cosine_kernel.h"
#include "muster/schedule/option_rules.h"

namespace muster::inline schedule {

namespace {

std::string joined(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const int64_t number : numbers) {
    if (!text.empty()) text += ',';
    text += std::to_string(number);
  }
  return text.empty() ? "(none)" : text;
}

void check_milestones(const LearningRateOptions& options) {
  const auto fail = [&](const char* remedy) {
    throw OptionError("learning_rate.milestones", joined(options.milestones), remedy);
  };
  const auto& milestones = options.milestones;
  if (options.shape != LearningRateShape::step && !milestones.empty())
    fail("only learning_rate.shape = step has milestones; leave them out or choose that shape");
  if (options.shape == LearningRateShape::step && milestones.empty())
    fail("learning_rate.shape = step needs at least one step at which the rate decays");
  if (!milestones.empty() && milestones.front() < 1) fail("must be steps >= 1");
  if (std::adjacent_find(milestones.begin(), milestones.end(), std::greater_equal<>()) != milestones.end())
    fail("must be steps in rising order, each once");
}

}  // namespace

void LearningRateOptions::validate() const {
  if (!(peak > 0) || !std::isfinite(peak))
    throw OptionError("learning_rate.peak", format_number(peak), "must be a number > 0");
  if (!(final > 0 && final <= peak))
    throw OptionError("learning_rate.final", format_number(final),
                      "must be > 0 and at most learning_rate.peak = " + format_number(peak));
  check_warmup_steps(warmup_steps);
  if (!(decay > 0 && decay <= 1))
    throw OptionError("learning_rate.decay", format_number(decay), "must be > 0 and at most 1");
  check_milestones(*this);
  if (hold_from && *hold_from < std::max<int64_t>(warmup_steps, 1))
    throw OptionError(
        "learning_rate.hold_from", std::to_string(*hold_from),
        "must be a step after the warm-up, at least " + std::to_string(std::max<int64_t>(warmup_steps, 1)));
}

LearningRate::LearningRate(LearningRateOptions options, int64_t total_steps)
    : options_(std::move(options)), total_steps_(total_steps) {
  options_.validate();
  if (total_steps < 1) throw OptionError("run.steps", std::to_string(total_steps), "must be at least 1");
  if (options_.warmup_steps > total_steps)
    throw OptionError("learning_rate.warmup_steps", std::to_string(options_.warmup_steps),
                      "must be at most run.steps = " + std::to_string(total_steps));
}

double LearningRate::at(int64_t step) const {
  invariant(step >= 0, "the learning rate was asked for a negative step");
  const double peak = options_.peak, final = options_.final;
  const int64_t warmup = options_.warmup_steps;
  if (step < warmup) return final + static_cast<double>(step) * (peak - final) / static_cast<double>(warmup);
  if (warmup == total_steps_) return peak;
  const int64_t t = std::min({step, total_steps_, options_.hold_from.value_or(step)});
  const auto length = static_cast<double>(total_steps_ - warmup);
  switch (options_.shape) {
    case LearningRateShape::constant:
      return peak;
    case LearningRateShape::cosine:
      return cosine(static_cast<double>(t - warmup) / length);
    case LearningRateShape::linear:
      return final + static_cast<double>(total_steps_ - t) * (peak - final) / length;
    case LearningRateShape::step:
      return decayed(t);
    case LearningRateShape::cosine_powers_of_two: {
      const double value = cosine(static_cast<double>(t - warmup) / length);
      return std::ldexp(1.0, static_cast<int>(std::nearbyint(std::log2(value))));
    }
  }
  throw Bug("unknown shape of the learning rate");
}

double LearningRate::cosine(double progress) const {
  return options_.final + 0.5 * (options_.peak - options_.final) * (1 + cosine_of_half_turns(progress));
}

double LearningRate::decayed(int64_t step) const {
  double rate = options_.peak;
  for (const int64_t milestone : options_.milestones) {
    if (milestone > step) break;
    rate *= options_.decay;
  }
  return rate;
}

}  // namespace muster::inline schedule
