#include "muster/theory/slow_sde/hyperbola.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/hyperbola_kernel.h"
#include "muster/theory/slow_sde/runge_kutta.h"
#include "muster/theory/slow_sde/slow_sde_factors.h"

namespace muster::inline theory {

namespace {

using kernel::lanes;

class HyperbolaBlock : public ReplicaBlock {
 public:
  HyperbolaBlock(const HyperbolaOptions& options, int64_t workers, uint64_t key)
      : noise_(options.noise), key_(key), workers_(workers) {
    // u v = 1 and u^2 - v^2 = D.
    const double u = std::exp(std::asinh(options.start / 2) / 2);
    u_.assign(static_cast<size_t>(workers * lanes), u);
    v_.assign(static_cast<size_t>(workers * lanes), 1 / u);
  }

  void local_steps(int64_t first_step, const double* rates, int64_t count) override {
    kernel::hyperbola_steps(state(), first_step, rates, count, noise_, key_);
  }
  void meet() override { kernel::hyperbola_meeting(state()); }
  void measure(double* values) const override {
    for (size_t i = 0; i < lanes; ++i) values[i] = u_[i] * u_[i] - v_[i] * v_[i];
  }

 private:
  kernel::HyperbolaState state() { return {u_.data(), v_.data(), workers_}; }

  double noise_;
  uint64_t key_;
  int64_t workers_;
  std::vector<double> u_, v_;
};

/// The factor by which one round of the recursion multiplies D.
double round_factor(const HyperbolaOptions& options, const SlowSdePlan& plan, const PlannedRound& round,
                    double d) {
  const double lambda = hyperbola_curvature(d), noise2 = options.noise * options.noise;
  const auto workers = static_cast<double>(plan.workers);
  const double others = (workers - 1) / workers;
  double spread = 0, sum = 0;  // W: of a worker around the mean, in units of the residual
  for (int64_t j = 0; j < round.period; ++j) {
    const double rate = plan.learning_rate.at(round.start + j), step = rate * lambda;
    const double mean = step * noise2 / (workers * (2 - step));
    sum += rate * rate * (noise2 + mean + others * spread);
    spread = spread * (1 - step) * (1 - step) + step * step * noise2;
  }
  return std::exp(-sum) * (1 + others * spread / (lambda * lambda));
}

/// d ln D / dt, the continuous form.
double continuous_rate(const HyperbolaOptions& options, double workers, double x_per_lambda, double d) {
  const double more = x_per_lambda > 0 ? (workers - 1) * psi(2 * x_per_lambda * hyperbola_curvature(d)) : 0;
  return -options.noise * options.noise / workers * (1 + more);
}

/// Iterates over the rounds: next(round index, D) returns D after the round. Returns D at the steps `at`.
std::vector<double> walk(const SlowSdePlan& plan, double start, const std::vector<int64_t>& at,
                         const std::function<double(size_t, double)>& next) {
  std::vector<double> values;
  size_t wanted = 0;
  double d = start;
  if (wanted < at.size() && at[wanted] == 0) values.push_back(d), ++wanted;
  for (size_t i = 0; i < plan.rounds.size(); ++i) {
    d = next(i, d);
    const int64_t end = plan.rounds[i].start + plan.rounds[i].period;
    if (wanted < at.size() && at[wanted] == end) values.push_back(d), ++wanted;
  }
  invariant(wanted == at.size(), "a law of D was asked for a step that ends no round");
  return values;
}

}  // namespace

void HyperbolaOptions::validate(double largest_rate) const {
  if (!(noise >= 0) || !std::isfinite(noise))
    throw OptionError("--noise", format_number(noise), "must be at least 0: the labels are 1 +- noise");
  if (start == 0 || !std::isfinite(start) || std::fabs(start) > 1e6)
    throw OptionError("--start", format_number(start),
                      "must be u^2 - v^2 at the start, not 0 (there it stays 0), such as 4");
  const double lambda = hyperbola_curvature(start);
  if (largest_rate * lambda >= 2)
    throw OptionError(
        "--learning-rate", format_number(largest_rate),
        fmt::format("is unstable where the run starts: the curvature there is {}; must be below {}",
                    format_number(lambda, 4), format_number(2 / lambda, 4)));
}

double hyperbola_curvature(double d) { return std::sqrt(d * d + 4); }

HyperbolaLaws hyperbola_laws(const HyperbolaOptions& options, const SlowSdePlan& plan,
                             const std::vector<int64_t>& at) {
  HyperbolaLaws laws;
  const std::vector<double> times = plan.slow_times();
  const auto workers = static_cast<double>(plan.workers);
  const double noise2 = options.noise * options.noise;
  laws.sgd = walk(plan, options.start, at,
                  [&](size_t i, double) { return options.start * std::exp(-noise2 * times[i] / workers); });
  laws.continuous = walk(plan, options.start, at, [&](size_t i, double d) {
    double x = 0;
    const PlannedRound& round = plan.rounds[i];
    for (int64_t j = 0; round.period > 1 && j < round.period; ++j)
      x += plan.learning_rate.at(round.start + j);
    const double time = times[i] - (i > 0 ? times[i - 1] : 0);
    return d * std::exp(runge_kutta(0, time, [&](double change) {
             return continuous_rate(options, workers, x, d * std::exp(change));
           }));
  });
  const double rate = plan.rate();
  const auto finite_rate = [&](double d) {
    const double step = rate * hyperbola_curvature(d), q = (1 - step) * (1 - step);
    return -rate * rate * noise2 / workers / (1 - step / 2) *
           (1 + (workers - 1) * psi_discrete(q, plan.period()));
  };
  const bool constant = plan.constant();
  laws.finite_step = walk(plan, options.start, at, [&](size_t i, double d) {
    if (!constant) return d * round_factor(options, plan, plan.rounds[i], d);
    return d * std::exp(runge_kutta(0, static_cast<double>(plan.rounds[i].period),
                                    [&](double change) { return finite_rate(d * std::exp(change)); }));
  });
  return laws;
}

ReplicaOutcome simulate_hyperbola(const HyperbolaOptions& options, const SlowSdePlan& plan,
                                  const ReplicaOptions& replicas) {
  return simulate_replicas(plan, replicas, 1, [&](int64_t, uint64_t key) {
    return std::make_unique<HyperbolaBlock>(options, plan.workers, key);
  });
}

}  // namespace muster::inline theory
