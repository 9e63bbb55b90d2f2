#include "muster/plan/failure_time.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline plan {

void FailureOptions::validate() const {
  if (!(per_hour >= 0) || !std::isfinite(per_hour))
    throw OptionError("--failures", format_number(per_hour),
                      "must be at least 0: failures of one worker in an hour, such as 0.001");
  if (!(restart_seconds >= 0) || !std::isfinite(restart_seconds))
    throw OptionError("--restart", format_number(restart_seconds), "must be seconds of at least 0");
}

double failure_seconds(const FailureOptions& options, double workers, double seconds) {
  const double rate = workers * options.per_hour / 3600;
  if (rate == 0 || seconds == 0) return 0;
  const double segment = options.kept_every > 0 ? std::min(options.kept_every, seconds) : seconds;
  const double taken = (1 / rate + options.restart_seconds) * std::expm1(rate * segment);
  return seconds / segment * taken - seconds;
}

double expected_failures(const FailureOptions& options, double workers, double seconds) {
  return workers * options.per_hour / 3600 * seconds;
}

}  // namespace muster::inline plan
