#include "muster/schedule/staleness_weight.h"

#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline schedule {

void StalenessWeightOptions::validate() const {
  if (!(weight > 0 && std::isfinite(weight)))
    throw OptionError("async.weight", format_number(weight), "must be a number > 0");
  if (!(power >= 0 && std::isfinite(power)))
    throw OptionError("async.staleness_power", format_number(power), "must be 0 or a number above it");
  if (threshold && *threshold < 0)
    throw OptionError("async.staleness_threshold", std::to_string(*threshold), "must be at least 0");
}

PolynomialWeight::PolynomialWeight(const StalenessWeightOptions& options) : options_(options) {
  options_.validate();
}

double PolynomialWeight::of(int64_t staleness) const {
  invariant(staleness >= 0, "staleness is not negative");
  if (options_.threshold && staleness > *options_.threshold) return 0;
  if (options_.power == 0) return options_.weight;
  return options_.weight * std::pow(1 + static_cast<double>(staleness), -options_.power);
}

}  // namespace muster::inline schedule
