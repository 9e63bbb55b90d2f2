#pragma once

#include <cstdint>

#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

/// Steps left in the run. Throws Bug when `start` breaks next_round's contract.
int64_t steps_left(const RoundStart& start);

/// A round of `period` steps of local training, cut to what is left of the run.
/// REQUIRES: period >= 1.
Round local_round(int64_t period, const RoundStart& start);

/// floor(period) for a period of any size, infinite too; at least `least`, at most what is left of the run.
/// The comparison comes before the conversion, so nothing overflows.
int64_t whole_period(double period, int64_t least, const RoundStart& start);

}  // namespace muster::inline schedule
