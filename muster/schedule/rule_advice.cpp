#include "muster/schedule/rule_advice.h"

#include <algorithm>

namespace muster::inline schedule {

std::vector<int64_t> CandidateRequest::first_periods() const {
  std::vector<int64_t> few = periods;
  if (!many()) few.resize(std::min<size_t>(few.size(), 3));
  return few;
}

Values CandidateRequest::with_period(int64_t period) const {
  Values values = given;
  values.set("base_period", period);
  if (const auto longest = values.given<int64_t>("max_period"))
    values.set("max_period", std::max(*longest, period));
  return values;
}

}  // namespace muster::inline schedule
