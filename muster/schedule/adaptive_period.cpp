#include "muster/schedule/adaptive_period.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/option_rules.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

void AdaptivePeriodOptions::validate() const {
  check_base_period(base_period);
  if (!(sampling_fraction > 0 && sampling_fraction < 1))
    throw OptionError("schedule.sampling_fraction", format_number(sampling_fraction),
                      "must be above 0 and below 1 (share of the run)");
  if (!(band_low > 0 && band_low < band_high && std::isfinite(band_high)))
    throw OptionError("schedule.band", format_number(band_low) + "," + format_number(band_high),
                      "must be two numbers low,high with 0 < low < high, such as 0.7,1.3");
  check_max_period(max_period, base_period);
  check_warmup_steps(warmup_steps);
  if (switch_step < 0)
    throw OptionError("schedule.switch_step", std::to_string(switch_step), "must be at least 0");
}

AdaptivePeriod::AdaptivePeriod(AdaptivePeriodOptions options)
    : options_(options), period_(options.base_period) {
  options_.validate();
}

Round AdaptivePeriod::next_round(const RoundStart& start) {
  const int64_t left = steps_left(start);
  if (running_start_ >= judged_from() && running_full_) learn_from(start);
  const int64_t period = start.step < options_.switch_step ? 1 : period_;
  running_start_ = start.step;
  running_full_ = period <= left;
  return local_round(period, start);
}

// Rounds that start earlier neither count for the reference nor change the period.
int64_t AdaptivePeriod::judged_from() const { return std::max(options_.warmup_steps, options_.switch_step); }

void AdaptivePeriod::learn_from(const RoundStart& start) {
  invariant(start.divergence.has_value(), "the adaptive period needs the divergence of the round just done");
  const double divergence = *start.divergence, rate = start.last_learning_rate;
  if (!(rate > 0)) return;
  const auto begin = static_cast<double>(judged_from());
  const double sampling_end =
      begin + options_.sampling_fraction * (static_cast<double>(start.total_steps) - begin);
  if (static_cast<double>(start.step - 1) < sampling_end) {
    ++samples_;
    reference_ += (divergence / rate - reference_) / static_cast<double>(samples_);
    return;
  }
  if (samples_ == 0) return;
  if (divergence < options_.band_low * rate * reference_)
    period_ = options_.max_period ? std::min(period_ + 1, *options_.max_period) : period_ + 1;
  else if (divergence > options_.band_high * rate * reference_)
    period_ = std::max<int64_t>(period_ - 1, 1);
}

Numbers AdaptivePeriod::state() const {
  Numbers numbers;
  numbers.set("period", period_);
  numbers.set("reference", reference_);
  numbers.set("samples", samples_);
  numbers.set("running_start", running_start_);
  numbers.set("running_full", int64_t{running_full_});
  return numbers;
}

void AdaptivePeriod::restore(const Numbers& numbers) {
  const int64_t period = numbers.integer("period");
  if (period < 1)
    throw CheckpointError("schedule state: period = " + std::to_string(period) + ": must be at least 1");
  const double reference = numbers.real("reference");
  const int64_t samples = numbers.integer("samples"), running_start = numbers.integer("running_start");
  running_full_ = numbers.integer("running_full") != 0;
  period_ = period;
  reference_ = reference;
  samples_ = samples;
  running_start_ = running_start;
}

}  // namespace muster::inline schedule
