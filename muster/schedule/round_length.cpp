#include "muster/schedule/round_length.h"

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline schedule {

int64_t steps_left(const RoundStart& start) {
  invariant(start.step >= 0 && start.step < start.total_steps, "a round must start inside the run");
  return start.total_steps - start.step;
}

Round local_round(int64_t period, const RoundStart& start) {
  invariant(period >= 1, "a round has at least one step");
  return {std::min(period, steps_left(start)), Average::parameters};
}

int64_t whole_period(double period, int64_t least, const RoundStart& start) {
  const int64_t left = steps_left(start);
  if (!(period < static_cast<double>(left))) return left;
  return std::min(left, std::max(least, static_cast<int64_t>(period)));
}

}  // namespace muster::inline schedule
