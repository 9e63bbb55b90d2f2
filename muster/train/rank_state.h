#pragma once

#include <cstdint>

#include "muster/flat/state.h"

namespace muster::inline train {

/// The part of a whole run's checkpoint that one rank takes: everything but the workers that other ranks
/// host. A worker that the state lacks (it was lost, or the run has more now) starts from another worker's
/// state.
State part_for_rank(const State& whole, int64_t hosted, int rank);

}  // namespace muster::inline train
