#pragma once

#include <cstdint>

#include "muster/flat/state.h"

namespace muster {

/// What one rank takes of a whole run's checkpoint: everything but the workers that other ranks host. A
/// worker that the state has not (it was dead, or the run has more now) begins as another one.
State part_for_rank(const State& whole, int64_t hosted, int rank);

}  // namespace muster
