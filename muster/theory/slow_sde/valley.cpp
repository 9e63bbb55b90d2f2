#include "muster/theory/slow_sde/valley.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/runge_kutta.h"
#include "muster/theory/slow_sde/slow_sde_factors.h"
#include "muster/theory/slow_sde/valley_kernel.h"

namespace muster::inline theory {

namespace {

using kernel::lanes;

double curvature(double y) { return 1 + y * y; }

/// K_eff / w: the relative drift of y per slow time, times -2 B / s_x^2. `x`: eta H, 0 where every step ends
/// with a meeting.
double pull(const ValleyOptions& options, double workers, double rate, int64_t period, double x, double y,
            SlowForm form) {
  const double g = curvature(y), noise = options.with_curvature ? 1 : 1 / g;
  if (form == SlowForm::continuous) return noise * (1 + (x > 0 ? (workers - 1) * psi(2 * x * g) : 0));
  const double q = (1 - rate * g) * (1 - rate * g);
  return noise * (1 + (workers - 1) * psi_discrete(q, period)) / (1 - rate * g / 2);
}

/// The stationary law for y >= 0 on a grid that is even in asinh(y / scale).
struct StationaryLaw {
  std::vector<double> y, cumulative;  ///< weights summed, not normalised
  double second_moment = 0;
};

StationaryLaw stationary_law(const ValleyOptions& options, int64_t workers, double rate, int64_t period,
                             SlowForm form) {
  const double ratio = options.noise / options.tangent_noise;
  const double scale = std::min(1.0, 1 / ratio), b = static_cast<double>(workers);
  const double x = period > 1 ? rate * static_cast<double>(period) : 0;
  const bool finite = form == SlowForm::finite_step;
  const double end = finite ? std::asinh(std::sqrt(2 / rate - 1) / scale) * (1 - 1e-9) : 300;
  const int nodes = finite ? 16'384 : 120'000;
  StationaryLaw law;
  std::vector<double> log_weight;
  double exponent = 0, last = 0;
  for (int i = 0; i <= nodes; ++i) {
    const double z = end * i / nodes, y = scale * std::sinh(z), dy = scale * std::cosh(z);
    const double slope = ratio * ratio * pull(options, b, rate, period, x, y, form) * y * dy;
    if (i > 0) exponent += (slope + last) / 2 * end / nodes;
    last = slope;
    if (!std::isfinite(exponent)) break;
    law.y.push_back(y);
    log_weight.push_back(std::log(dy) - exponent);
  }
  const double top = *std::max_element(log_weight.begin(), log_weight.end());
  double sum = 0, squares = 0, largest = 0;
  for (size_t i = 0; i < law.y.size(); ++i) {
    const double weight = std::exp(log_weight[i] - top) * (i == 0 ? 0.5 : 1);
    sum += weight;
    squares += weight * law.y[i] * law.y[i];
    largest = std::max(largest, weight * law.y[i] * law.y[i]);
    law.cumulative.push_back(sum);
  }
  const double tail = std::exp(log_weight.back() - top) * law.y.back() * law.y.back();
  law.second_moment =
      !finite && !(tail < 1e-9 * largest) ? std::numeric_limits<double>::infinity() : squares / sum;
  return law;
}

class ValleyBlock : public ReplicaBlock {
 public:
  ValleyBlock(const ValleyOptions& options, int64_t workers, uint64_t key, const std::vector<double>& start)
      : noise_{options.noise, options.tangent_noise, options.with_curvature}, key_(key), workers_(workers) {
    x_.assign(static_cast<size_t>(workers * lanes), 0);
    for (int64_t k = 0; k < workers; ++k) y_.insert(y_.end(), start.begin(), start.end());
  }

  void local_steps(int64_t first_step, const double* rates, int64_t count) override {
    kernel::valley_steps(state(), first_step, rates, count, noise_, key_);
  }
  void meet() override { kernel::valley_meeting(state()); }
  void measure(double* values) const override {
    for (size_t i = 0; i < lanes; ++i) values[i] = y_[i] * y_[i], values[lanes + i] = y_[i];
  }

 private:
  kernel::ValleyState state() { return {x_.data(), y_.data(), workers_}; }

  kernel::ValleyNoise noise_;
  uint64_t key_;
  int64_t workers_;
  std::vector<double> x_, y_;
};

std::vector<double> starts(const ValleyOptions& options, const StationaryLaw& law, uint64_t seed,
                           int64_t block) {
  if (options.start || law.y.empty()) return std::vector<double>(lanes, options.start.value_or(1));
  RandomStream stream({seed, Purpose::slow_sde, static_cast<uint64_t>(block), 1});
  std::vector<double> start;
  for (int lane = 0; lane < lanes; ++lane) {
    const double draw = (2 * stream.uniform() - 1) * law.cumulative.back();
    const auto found = std::lower_bound(law.cumulative.begin(), law.cumulative.end(), std::fabs(draw));
    start.push_back(std::copysign(law.y[static_cast<size_t>(found - law.cumulative.begin())], draw));
  }
  return start;
}

/// Sum over a round of d ln y by the recursion of the spread of a worker's x around the mean.
double recursion_round(const ValleyOptions& options, const SlowSdePlan& plan, const PlannedRound& round,
                       double y) {
  const double g = curvature(y), workers = static_cast<double>(plan.workers);
  const double variance = options.noise * options.noise * (options.with_curvature ? g : 1);
  double spread = 0, sum = 0;
  for (int64_t j = 0; j < round.period; ++j) {
    const double rate = plan.learning_rate.at(round.start + j);
    const double mean = rate * variance / (workers * g * (2 - rate * g));
    sum -= rate * (mean + (workers - 1) / workers * spread);
    spread = spread * (1 - rate * g) * (1 - rate * g) + rate * rate * variance;
  }
  return sum;
}

}  // namespace

void ValleyOptions::validate(double largest_rate) const {
  const auto check = [](const char* flag, double value) {
    if (!(value >= 0) || !std::isfinite(value) || value > 1e3)
      throw OptionError(flag, format_number(value), "must be a standard deviation from 0 to 1000");
  };
  check("--noise", noise);
  check("--tangent-noise", tangent_noise);
  if (start && (!std::isfinite(*start) || std::fabs(*start) > 1e3))
    throw OptionError("--start", format_number(*start), "must be y at the start, such as 1");
  if (tangent_noise > 0 && noise == 0)
    throw OptionError("--noise", "0", "must be above 0 where --tangent-noise is: nothing would hold y back");
  const double g = curvature(start.value_or(tangent_noise > 0 ? 0 : 1));
  if (largest_rate * g >= 2)
    throw OptionError(
        "--learning-rate", format_number(largest_rate),
        fmt::format("is unstable where the run starts: the curvature there is {}; must be below {}",
                    format_number(g, 4), format_number(2 / g, 4)));
}

double valley_second_moment(const ValleyOptions& options, int64_t workers, double rate, int64_t period,
                            SlowForm form) {
  invariant(options.tangent_noise > 0 && options.noise > 0, "a stationary law needs noise of x and of y");
  return stationary_law(options, workers, rate, period, form).second_moment;
}

std::vector<double> valley_path(const ValleyOptions& options, const SlowSdePlan& plan,
                                const std::vector<int64_t>& at, SlowForm form) {
  std::vector<double> values;
  double y = options.start.value_or(1);
  if (!at.empty() && at.front() == 0) values.push_back(y);
  const auto workers = static_cast<double>(plan.workers);
  const double factor = options.noise * options.noise / (2 * workers);
  const bool constant = plan.constant();
  const std::vector<double> times = plan.slow_times();
  for (size_t i = 0; i < plan.rounds.size(); ++i) {
    const PlannedRound& round = plan.rounds[i];
    double x = 0;
    for (int64_t j = 0; round.period > 1 && j < round.period; ++j)
      x += plan.learning_rate.at(round.start + j);
    const double time = times[i] - (i > 0 ? times[i - 1] : 0);
    if (form == SlowForm::finite_step && !constant)
      y *= std::exp(recursion_round(options, plan, round, y));
    else
      y *= std::exp(runge_kutta(0, time, [&](double change) {
        return -factor * pull(options, workers, plan.rate(), plan.period(), x, y * std::exp(change), form);
      }));
    if (values.size() < at.size() && at[values.size()] == round.start + round.period) values.push_back(y);
  }
  invariant(values.size() == at.size(), "a law of y was asked for a step that ends no round");
  return values;
}

ReplicaOutcome simulate_valley(const ValleyOptions& options, const SlowSdePlan& plan,
                               const ReplicaOptions& replicas) {
  StationaryLaw law;
  if (options.tangent_noise > 0 && !options.start)
    law = stationary_law(options, plan.workers, plan.rate(), plan.period(), SlowForm::finite_step);
  return simulate_replicas(plan, replicas, 2, [&](int64_t block, uint64_t key) {
    return std::make_unique<ValleyBlock>(options, plan.workers, key,
                                         starts(options, law, replicas.seed, block));
  });
}

}  // namespace muster::inline theory
