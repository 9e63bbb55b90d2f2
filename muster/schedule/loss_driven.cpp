#include "muster/schedule/loss_driven.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

namespace {

constexpr int64_t usual_intervals = 30;

}  // namespace

void LossDrivenOptions::validate() const {
  check_base_period(base_period);
  check_max_period(max_period, base_period);
  check_warmup_steps(warmup_steps);
  if (interval && *interval < 1)
    throw OptionError("schedule.interval", std::to_string(*interval), "must be at least 1 (steps)");
  if (interval_seconds && !(*interval_seconds > 0 && std::isfinite(*interval_seconds)))
    throw OptionError("schedule.interval_seconds", format_number(*interval_seconds), "must be a number > 0");
  if (interval && interval_seconds)
    throw OptionError("schedule.interval_seconds", format_number(*interval_seconds),
                      "and schedule.interval both set how long the period holds; leave one out");
  if (!(fallback >= 0 && fallback < 1))
    throw OptionError("schedule.fallback", format_number(fallback),
                      "must be at least 0 and below 1 (0: no fallback, the period may grow)");
}

LossDriven::LossDriven(LossDrivenOptions options) : options_(options), period_(options.base_period) {
  options_.validate();
}

Round LossDriven::next_round(const RoundStart& start) {
  invariant(start.learning_rate >= 0, "the learning rate of a round must be a number >= 0");
  if (start.step < options_.warmup_steps) return local_round(options_.base_period, start);
  if (phase_ == Phase::before_reference) {
    phase_ = Phase::in_reference;
    first_learning_rate_ = start.learning_rate;
    begun_ = now(start);
    next_choice_ = begun_ + interval(start);
    return local_round(options_.base_period, start);
  }
  invariant(start.round_loss.has_value(), "the loss-driven period needs the loss of the round just done");
  if (phase_ == Phase::in_reference) {
    phase_ = Phase::after_reference;
    first_loss_ = *start.round_loss;  // no choice yet: compared with itself it would look like a plateau
  } else if (now(start) >= next_choice_) {
    choose(start);
  }
  return local_round(period_, start);
}

// The step or the seconds at which the round starts, in the unit of the intervals.
double LossDriven::now(const RoundStart& start) const {
  if (!options_.interval_seconds) return static_cast<double>(start.step);
  invariant(start.step == 0 || start.seconds.has_value(), "intervals in seconds need a clock");
  return start.seconds.value_or(0);
}

double LossDriven::interval(const RoundStart& start) const {
  if (options_.interval_seconds) return *options_.interval_seconds;
  if (options_.interval) return static_cast<double>(*options_.interval);
  const int64_t steps = std::max<int64_t>(start.total_steps - options_.warmup_steps, 1);
  const int64_t rounded_up = (steps + usual_intervals - 1) / usual_intervals;
  return static_cast<double>(rounded_up);
}

void LossDriven::choose(const RoundStart& start) {
  const double length = interval(start);
  next_choice_ = begun_ + length * (std::floor((now(start) - begun_) / length) + 1);
  if (!(first_loss_ > 0)) return;
  const int64_t by_loss = wanted(start);
  if (options_.fallback == 0 || by_loss < period_)
    period_ = by_loss;
  else
    period_ = std::max<int64_t>(1, static_cast<int64_t>(options_.fallback * static_cast<double>(period_)));
}

int64_t LossDriven::wanted(const RoundStart& start) const {
  const int64_t limit = options_.max_period.value_or(std::numeric_limits<int64_t>::max());
  if (!(*start.round_loss > 0)) return 1;
  if (start.learning_rate == 0) return limit;
  const double ratio = *start.round_loss / first_loss_ * (first_learning_rate_ / start.learning_rate);
  const double period = std::ceil(static_cast<double>(options_.base_period) * std::sqrt(ratio));
  if (!(period < static_cast<double>(limit))) return limit;
  return std::max<int64_t>(1, static_cast<int64_t>(period));
}

Numbers LossDriven::state() const {
  Numbers numbers;
  numbers.set("phase", static_cast<int64_t>(phase_));
  numbers.set("first_loss", first_loss_);
  numbers.set("first_learning_rate", first_learning_rate_);
  numbers.set("period", period_);
  numbers.set("begun", begun_);
  numbers.set("next_choice", next_choice_);
  return numbers;
}

void LossDriven::restore(const Numbers& numbers) {
  const int64_t phase = numbers.integer("phase"), period = numbers.integer("period");
  if (phase < 0 || phase > static_cast<int64_t>(Phase::after_reference))
    throw CheckpointError("schedule state: phase = " + std::to_string(phase) + ": must be 0, 1 or 2");
  if (period < 1)
    throw CheckpointError("schedule state: period = " + std::to_string(period) + ": must be at least 1");
  const double first_loss = numbers.real("first_loss"), begun = numbers.real("begun");
  next_choice_ = numbers.real("next_choice");
  first_learning_rate_ = numbers.real("first_learning_rate");
  first_loss_ = first_loss;
  begun_ = begun;
  period_ = period;
  phase_ = static_cast<Phase>(phase);
}

}  // namespace muster::inline schedule
