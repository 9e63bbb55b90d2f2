#pragma once

#include <cstdint>
#include <vector>

namespace muster::inline plan {

/// One measured round of a run.
struct MeasuredRound {
  int64_t steps = 1;
  bool gradients = false;      ///< its meeting averaged gradients
  double steps_seconds = 0;    ///< of its steps: computing and making batches
  double meeting_seconds = 0;  ///< of its meeting, including the wait for other workers
};

/// Fitted seconds of a step and of each kind of meeting. A kind without rounds gets the time of the other.
struct FittedTimes {
  double step_seconds = 0;
  double gradient_seconds = 0;
  double parameter_seconds = 0;
};

/// Fits whole rounds, since their parts depend on each other (a waiting worker leaves the machine to the
/// others):
///     round of H steps = H step + parameter meeting    least squares over the periods
///     round of gradients = step + gradient meeting
/// from the mean of each kind of round without those above three times its median. A single period does not
/// determine a line; then step = steps_seconds / steps, meeting = meeting_seconds. Throws DataError without
/// any round.
FittedTimes fit_rounds(const std::vector<MeasuredRound>& rounds);

}  // namespace muster::inline plan
