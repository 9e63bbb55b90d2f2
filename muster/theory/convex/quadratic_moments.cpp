#include "muster/theory/convex/quadratic_moments.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline theory {

void QuadraticOptions::validate() const {
  const auto require = [](bool holds, const char* field, double value, const char* remedy) {
    if (!holds || !std::isfinite(value)) throw OptionError(field, format_number(value), remedy);
  };
  require(curvature > 0, "--curvature", curvature, "must be above 0");
  require(noise >= 0, "--noise", noise, "must be at least 0");
  require(start >= 0, "--start", start, "is ||x0||^2 and must be at least 0");
}

QuadraticMoments quadratic_moments(const QuadraticOptions& options) {
  options.validate();
  const auto workers = static_cast<double>(options.workers);
  double m = options.start, v = 0, s = 0, c = 0, weights = 0;
  for (int64_t t = 0; t < options.steps; ++t) {
    if (t % options.period == 0) v = 0;
    const double rate = options.step_size.at(t), weight = options.step_size.weight(t);
    const double keep = 1 - rate * options.curvature, added = rate * rate * options.noise;
    s += 2 * weight * c + weight * weight * m;
    c = keep * (c + weight * m);
    weights += weight;
    m = keep * keep * m + added / workers;
    v = keep * keep * v + added * (1 - 1 / workers);
  }
  return {m, v, weights > 0 ? options.curvature / 2 * (s / weights) / weights : 0};
}

}  // namespace muster::inline theory
