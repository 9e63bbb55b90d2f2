#include "muster/plan/round_maximum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline plan {

namespace {

constexpr int intervals = 800;  // of Simpson's rule, over 2 x reach standard deviations
constexpr double reach = 9;

double log_below(double z) {  // logarithm of the normal distribution function
  const double above = 0.5 * std::erfc(z / std::numbers::sqrt2);
  return above < 0.5 ? std::log1p(-above)
                     : std::log(std::max(1e-300, 0.5 * std::erfc(-z / std::numbers::sqrt2)));
}

}  // namespace

void StepTimes::validate() const {
  if (!(seconds > 0) || !std::isfinite(seconds))
    throw OptionError("--step-time", format_number(seconds), "must be seconds above 0");
  if (!(spread >= 0 && spread <= 3))
    throw OptionError("--spread", format_number(spread),
                      "must be from 0 to 3: the standard deviation of the logarithm of a step's time");
  invariant(!slowness.empty(), "step times without workers");
}

double StepTimes::mean_slowness(int64_t workers) const {
  double sum = 0;
  for (int64_t w = 0; w < workers; ++w) sum += slowness[static_cast<size_t>(w) % slowness.size()];
  return sum / static_cast<double>(workers);
}

RoundMaximum::RoundMaximum(const StepTimes& times, int64_t workers) : times_(times), alone_(workers == 1) {
  times_.validate();
  std::map<double, double> counts;
  const auto kinds = static_cast<int64_t>(times_.slowness.size());
  for (int64_t k = 0; k < std::min(kinds, workers); ++k) {
    const int64_t of_this_kind = (workers + kinds - 1 - k) / kinds;
    counts[times_.slowness[static_cast<size_t>(k)]] += static_cast<double>(of_this_kind);
  }
  slowest_ = counts.rbegin()->first;
  for (const auto& [slowness, number] : counts) kinds_.push_back({std::log(slowness), number});
}

double RoundMaximum::seconds(int64_t steps) {
  const auto found = known_.find(steps);
  if (found != known_.end()) return found->second;
  return known_[steps] = times_.seconds * in_steps(steps);
}

double RoundMaximum::in_steps(int64_t steps) const {
  const auto length = static_cast<double>(steps);
  if (times_.spread == 0 || alone_) return slowest_ * length;
  const double variance = std::log1p(std::expm1(times_.spread * times_.spread) / length);
  const double sigma = std::sqrt(variance), mean = std::log(length) - variance / 2;
  const double low = std::log(slowest_) + mean - reach * sigma, step = 2 * reach * sigma / intervals;
  const auto beyond = [&](double x) {  // probability that some worker takes longer than e^x, times e^x
    double log_all = 0;
    for (const Kind& kind : kinds_)
      log_all += kind.workers * log_below((x - kind.log_slowness - mean) / sigma);
    return -std::expm1(log_all) * std::exp(x);
  };
  double sum = 0;
  for (int i = 0; i <= intervals; ++i) {
    const double weight = i == 0 || i == intervals ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * beyond(low + i * step);
  }
  return std::exp(low) + sum * step / 3;
}

}  // namespace muster::inline plan
