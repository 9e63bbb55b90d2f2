#pragma once

#include <algorithm>
#include <cmath>

namespace muster::inline theory {

/// x' = slope(x) from x over `time`: the fourth-order rule of Kutta (1901), in steps that move x by at most
/// about 0.02, judged by the slope at the beginning.
template <class Slope>
double runge_kutta(double x, double time, const Slope& slope) {
  const double moves = std::fabs(slope(x)) * time;
  const int steps = static_cast<int>(std::clamp(std::ceil(moves / 0.02), 1.0, 1e6));
  const double h = time / steps;
  for (int i = 0; i < steps; ++i) {
    const double a = slope(x), b = slope(x + h / 2 * a), c = slope(x + h / 2 * b), d = slope(x + h * c);
    x += h / 6 * (a + 2 * b + 2 * c + d);
  }
  return x;
}

}  // namespace muster::inline theory
