#include "muster/theory/slow_sde/slow_sde_factors.h"

#include <cmath>
#include <numbers>

#include "muster/base/error.h"

namespace muster::inline theory {

double psi(double x) {
  invariant(x >= 0, "psi of a negative number");
  // (-x)^n / (n + 1)! summed: no cancellation where e^-x is near 1 - x.
  if (x < 0.5) {
    double term = x / 2, sum = 0;
    for (int n = 1; n < 20; ++n) {
      sum += term;
      term *= -x / (n + 2);
    }
    return sum;
  }
  return (std::expm1(-x) + x) / x;
}

double psi_discrete(double q, int64_t period) {
  invariant(std::fabs(q) < 1 && period >= 1, "psi_discrete needs |q| < 1 and a period of at least 1");
  const auto steps = static_cast<double>(period);
  const double gap = 1 - q;
  if (period == 1) return 0;
  // For q near 1, 1 - q^H from its logarithm; 1 - q is exact there.
  const double reached = q > 0.5 ? -std::expm1(steps * std::log1p(-gap)) : 1 - std::pow(q, steps);
  return 1 - reached / (steps * gap);
}

double psi_integral(double x) {
  invariant(x >= 0, "psi_integral of a negative number");
  // F(x) = x - Ein(x), Ein(x) = sum of (-1)^(n+1) x^n / (n n!) = E1(x) + ln x + Euler's constant.
  if (x < 2) {
    double power = x, sum = 0;
    for (int n = 2; n < 40; ++n) {
      power *= -x / n;
      sum -= power / n;
    }
    return -sum > 0 ? -sum : sum;
  }
  return x - (-std::expint(-x) + std::log(x) + std::numbers::egamma);
}

}  // namespace muster::inline theory
