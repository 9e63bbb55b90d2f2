#include "muster/schedule/theory_period.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

namespace {

__extension__ typedef __int128 Wide;

// The largest n in [0, limit] with holds(n), for a condition that holds at 0 and, once false, stays false.
template <class Condition>
int64_t largest(int64_t limit, Condition holds) {
  int64_t low = 0;
  while (low < limit) {
    const int64_t middle = limit - (limit - low) / 2;
    if (holds(Wide{middle})) {
      low = middle;
    } else {
      limit = middle - 1;
    }
  }
  return low;
}

// R = ceil(kappa K), capped at 2^31 - 1: with so many meetings a run of 2^30 steps meets in every step.
int64_t growing_meetings(const TheoryPeriodOptions& options) {
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  const double wanted = std::ceil(options.condition_number * static_cast<double>(options.workers));
  return wanted < static_cast<double>(limit) ? static_cast<int64_t>(wanted) : limit;
}

// Steps from `start` to the first of the growing meetings after it.
int64_t growing_period(const TheoryPeriodOptions& options, const RoundStart& start) {
  const int64_t meetings = growing_meetings(options);
  const Wide total = start.total_steps, all = Wide{meetings} * (meetings + 1);
  // floor(T r (r + 1) / all) <= step  <=>  r (r + 1) <= ((step + 1) all - 1) / T
  const Wide bound = ((Wide{start.step} + 1) * all - 1) / total;
  const Wide passed = largest(meetings, [&](Wide r) { return r * (r + 1) <= bound; });
  const Wide after = (passed + 1) * (passed + 2);
  return static_cast<int64_t>(total / all * after + total % all * after / all) - start.step;
}

}  // namespace

void TheoryPeriodOptions::validate() const {
  if (workers < 1) throw OptionError("run.workers", std::to_string(workers), "must be at least 1");
  if (batch < 1) throw OptionError("task.batch", std::to_string(batch), "must be at least 1");
  if (!(condition_number >= 1) || !std::isfinite(condition_number))
    throw OptionError("schedule.condition_number", format_number(condition_number),
                      "must be a number >= 1 (largest by smallest curvature)");
}

TheoryPeriod::TheoryPeriod(TheoryPeriodOptions options) : options_(options) { options_.validate(); }

Round TheoryPeriod::next_round(const RoundStart& start) {
  steps_left(start);
  const int64_t total = start.total_steps;
  switch (options_.theory) {
    case Theory::stich:
      return local_round(stich_period(total, options_.workers, options_.batch), start);
    case Theory::haddadpour:
      return local_round(haddadpour_period(total, options_.workers), start);
    case Theory::khaled:
    case Theory::woodworth:
    case Theory::koloskova:
      return local_round(khaled_period(total, options_.workers, options_.condition_number), start);
    case Theory::growing:
      return local_round(growing_period(options_, start), start);
  }
  throw Bug("unknown theory");
}

int64_t stich_period(int64_t total_steps, int64_t workers, int64_t batch) {
  const Wide ratio = Wide{total_steps} / (Wide{workers} * batch);
  return std::max<int64_t>(1, largest(total_steps, [&](Wide h) { return h * h <= ratio; }));
}

int64_t haddadpour_period(int64_t total_steps, int64_t workers) {
  const Wide ratio = Wide{total_steps} * total_steps / workers;  // h^3 <= T^2 / K
  return std::max<int64_t>(1, largest(total_steps, [&](Wide h) { return h * h <= ratio / h; }));
}

int64_t khaled_period(int64_t total_steps, int64_t workers, double condition_number) {
  // kappa = fraction 2^(exponent - 53) with a whole fraction below 2^53, so T / (kappa K) is a ratio of
  // integers.
  int exponent = 0;
  const auto fraction = static_cast<int64_t>(std::ldexp(std::frexp(condition_number, &exponent), 53));
  if (exponent > 63) return 1;
  Wide numerator = total_steps, denominator = Wide{fraction} * workers;
  if (exponent <= 53) numerator <<= 53 - exponent;
  // Above 2^53 kappa is whole: dividing T first keeps the floor and stays within range.
  if (exponent > 53) numerator >>= exponent - 53;
  return std::max<int64_t>(1, static_cast<int64_t>(numerator / denominator));
}

}  // namespace muster::inline schedule
