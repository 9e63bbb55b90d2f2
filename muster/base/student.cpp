#include "muster/base/student.h"

#include <cmath>
#include <numbers>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

/// P(|T| <= t) for t >= 0.
double within(double t, int64_t freedom) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(freedom)));
  const double square = std::cos(angle) * std::cos(angle);
  const bool odd = freedom % 2 == 1;
  double term = odd ? std::cos(angle) : 1, sum = 0;
  for (int64_t k = odd ? 3 : 2; k <= freedom; k += 2) {
    sum += term;
    term *= square * static_cast<double>(k - 1) / static_cast<double>(k);
  }
  if (odd) return 2 / std::numbers::pi * (angle + std::sin(angle) * sum);
  return std::sin(angle) * sum;
}

}  // namespace

double student_probability(double t, int64_t freedom) {
  if (freedom < 1) throw Bug("Student's t needs a degree of freedom");
  if (std::isinf(t)) return t > 0 ? 1 : 0;
  return t >= 0 ? 0.5 + within(t, freedom) / 2 : 0.5 - within(-t, freedom) / 2;
}

double student_quantile(double confidence, int64_t freedom) {
  if (freedom < 1 || !(confidence > 0 && confidence < 1))
    throw Bug("Student's t needs a degree of freedom and a confidence between 0 and 1");
  double low = 0, high = 1;
  while (within(high, freedom) < confidence) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (within(middle, freedom) < confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace muster::inline base
