#pragma once

#include <cstdint>
#include <vector>

namespace muster {

/// One round of a run that was measured.
struct MeasuredRound {
  int64_t steps = 1;
  bool gradients = false;      ///< its meeting averaged gradients
  double steps_seconds = 0;    ///< of its steps: computing and making batches
  double meeting_seconds = 0;  ///< of its meeting, and of waiting for it
};

/// What a step and a meeting take. A missing kind of meeting is taken for as long as the other.
struct FittedTimes {
  double step_seconds = 0;
  double gradient_seconds = 0;
  double parameter_seconds = 0;
};

/// Whole rounds are fitted, since their parts depend on each other (who waits for others leaves them the
/// machine):
///     round of H steps = H step + parameter meeting    least squares over the periods
///     round of gradients = step + gradient meeting
/// each kind of round a mean without those above three times its median. With a single period there is no
/// line, and the parts must do: step = steps_seconds / steps, meeting = meeting_seconds. Throws DataError
/// without any round.
FittedTimes fit_rounds(const std::vector<MeasuredRound>& rounds);

}  // namespace muster
