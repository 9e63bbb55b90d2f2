#include "muster/schedule/cosine_kernel.h"

#include <array>
#include <cstddef>
#include <numbers>

namespace muster::inline schedule {

namespace {

// Coefficients of (-1)^k y^(2k) in the Taylor series of cos (odd = 0) and of sin(y) / y (odd = 1). At |y| <=
// pi/4 the first term left out is below 1e-18.
constexpr size_t terms = 10;

constexpr std::array<double, terms> series(int odd) {
  std::array<double, terms> coefficients{};
  double factorial = 1;
  for (size_t k = 0; k < terms; ++k) {
    if (k > 0) factorial *= (2.0 * static_cast<double>(k) + odd - 1) * (2.0 * static_cast<double>(k) + odd);
    coefficients[k] = (k % 2 == 0 ? 1 : -1) / factorial;
  }
  return coefficients;
}

double evaluate(const std::array<double, terms>& coefficients, double square) {
  double sum = 0;
  for (size_t k = terms; k-- > 0;) sum = sum * square + coefficients[k];
  return sum;
}

double cosine(double y) {
  static constexpr auto coefficients = series(0);
  return evaluate(coefficients, y * y);
}

double sine(double y) {
  static constexpr auto coefficients = series(1);
  return y * evaluate(coefficients, y * y);
}

}  // namespace

double cosine_of_half_turns(double x) {
  if (x <= 0.25) return cosine(std::numbers::pi * x);
  if (x < 0.75) return sine(std::numbers::pi * (0.5 - x));
  return -cosine(std::numbers::pi * (1 - x));
}

}  // namespace muster::inline schedule
