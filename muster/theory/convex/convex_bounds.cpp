#include "muster/theory/convex/convex_bounds.h"

#include <algorithm>
#include <cmath>

namespace muster::inline theory {

namespace {

double sum_of_weights(double shift, double steps) {
  // sum of (a + t)^2 over t < T
  return steps * shift * shift + shift * steps * (steps - 1) + (steps - 1) * steps * (2 * steps - 1) / 6;
}

int64_t whole(double value) {
  constexpr double most = 9e18;
  return static_cast<int64_t>(std::min(std::max(std::floor(value * (1 + 1e-12)), 1.0), most));
}

}  // namespace

double stich_shift(const StichSetting& setting) {
  const double kappa = setting.smoothness / setting.strong_convexity;
  return std::max(16 * kappa, static_cast<double>(setting.period + setting.delay)) + 1;
}

StichBound stich_bound(const StichSetting& setting, int64_t steps) {
  const double mu = setting.strong_convexity, a = stich_shift(setting);
  const auto t = static_cast<double>(steps), workers = static_cast<double>(setting.workers);
  const auto gap = static_cast<double>(setting.period + setting.delay);
  const double sum = sum_of_weights(a, t), constant = setting.asynchronous ? 768 : 256;
  return {mu * a * a * a / (2 * sum) * setting.start_distance,
          4 * t * (t + 2 * a) / (mu * workers * sum) * setting.noise,
          constant * t / (mu * mu * sum) * setting.gradient * gap * gap * setting.smoothness};
}

int64_t stich_period_with_constants(const StichSetting& setting, int64_t steps) {
  const double kappa = setting.smoothness / setting.strong_convexity;
  const double reach = static_cast<double>(steps) + 32 * kappa;
  const double workers = static_cast<double>(setting.workers);
  return whole(std::sqrt(reach * setting.noise / (64 * kappa * workers * setting.gradient)));
}

int64_t drift_period(double smoothness, double learning_rate, int64_t workers, double share) {
  const double local = share / (2 * smoothness * learning_rate * static_cast<double>(workers));
  return local < 1 ? 1 : 1 + whole(local);
}

}  // namespace muster::inline theory
