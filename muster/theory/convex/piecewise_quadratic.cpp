#include "muster/theory/convex/piecewise_quadratic.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random.h"

namespace muster::inline theory {

namespace {

constexpr double smoothness = 2;

double value(double x) { return x > 0 ? x * x : 0.5 * x * x; }
double slope(double x) { return x > 0 ? 2 * x : x; }

double rate(const ConvexStepSize& step_size, int64_t step) {
  if (step_size.rule != StepSizeRule::inverse) return step_size.at(step);
  return std::min(1 / smoothness, step_size.learning_rate / static_cast<double>(step + 1));
}

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

// The workers' mean at the end; `noise` gives the next value of a path.
template <class Noise>
double walk(const PiecewiseQuadraticOptions& options, std::vector<double>& x, Noise noise) {
  std::fill(x.begin(), x.end(), options.start);
  for (int64_t t = 0; t < options.steps; ++t) {
    const double eta = rate(options.step_size, t);
    for (double& at : x) at -= eta * (slope(at) + noise());
    if ((t + 1) % options.period == 0) std::fill(x.begin(), x.end(), mean_of(x));
  }
  return mean_of(x);
}

}  // namespace

void PiecewiseQuadraticOptions::validate() const {
  if (!(noise >= 0) || !std::isfinite(noise))
    throw OptionError("--noise", format_number(noise), "must be at least 0");
  if (!std::isfinite(start)) throw OptionError("--start", format_number(start), "must be a number");
}

PiecewiseMoments enumerate_piecewise(const PiecewiseQuadraticOptions& options) {
  options.validate();
  const int64_t draws = options.workers * options.steps;
  if (options.workers > 24 || options.steps > 24 || draws > 24)
    throw OptionError("--steps", std::to_string(options.steps),
                      "workers x steps must be at most 24 to walk all paths; or give --replicas to simulate");
  const double sigma = std::sqrt(options.noise);
  std::vector<double> x(static_cast<size_t>(options.workers));
  PiecewiseMoments sum;
  const uint64_t paths = uint64_t{1} << draws;
  for (uint64_t path = 0; path < paths; ++path) {
    uint64_t bits = path;
    const double mean = walk(options, x, [&] {
      const double sign = (bits & 1) != 0 ? sigma : -sigma;
      bits >>= 1;
      return sign;
    });
    sum.mean += mean;
    sum.gap += value(mean);
  }
  return {sum.mean / static_cast<double>(paths), sum.gap / static_cast<double>(paths), 0, 0};
}

PiecewiseMoments simulate_piecewise(const PiecewiseQuadraticOptions& options, int64_t replicas,
                                    uint64_t seed) {
  options.validate();
  const double sigma = std::sqrt(options.noise);
  std::vector<double> x(static_cast<size_t>(options.workers));
  double mean = 0, mean_squares = 0, gap = 0, gap_squares = 0;
  for (int64_t i = 0; i < replicas; ++i) {
    RandomStream random({seed, Purpose::statistics, static_cast<uint64_t>(i), 0});
    const double end = walk(options, x, [&] { return sigma * random.normal(); });
    const double cost = value(end);
    mean += end;
    mean_squares += end * end;
    gap += cost;
    gap_squares += cost * cost;
  }
  const auto n = static_cast<double>(replicas);
  const auto error = [n](double sum, double squares) {
    return n < 2 ? 0 : std::sqrt(std::max(0.0, squares / n - sum / n * sum / n) / (n - 1));
  };
  return {mean / n, gap / n, error(mean, mean_squares), error(gap, gap_squares)};
}

}  // namespace muster::inline theory
