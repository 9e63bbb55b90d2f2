#include "muster/report/lead_interval.h"

#include <algorithm>
#include <cmath>

#include "muster/base/student.h"
#include "muster/report/decision.h"

namespace muster::inline report {

namespace {

LeadInterval around(double mean, double standard_error, size_t seeds) {
  const double half = student_quantile(decision_confidence, static_cast<int64_t>(seeds) - 1) * standard_error;
  return {mean, mean - half, mean + half, seeds};
}

}  // namespace

std::optional<LeadInterval> lead_interval(const ArmResult& better, const ArmResult& worse, Quality quality) {
  const auto &one = quality_value(better, quality), &other = quality_value(worse, quality);
  if (!one || !other || !one->spread || !other->spread) return std::nullopt;
  const MeanSpread ahead = lead(better, worse, quality);
  const auto first = static_cast<double>(better.seeds.size()),
             second = static_cast<double>(worse.seeds.size());
  const size_t seeds = std::min(better.seeds.size(), worse.seeds.size());
  if (better.seeds == worse.seeds) return around(ahead.mean, *ahead.spread / std::sqrt(first), seeds);
  return around(ahead.mean, std::hypot(*one->spread / std::sqrt(first), *other->spread / std::sqrt(second)),
                seeds);
}

}  // namespace muster::inline report
