#pragma once

#include <cstdint>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

// Values that are right each by itself and wrong together. Each function throws OptionError with the key that
// should change, its value and what to do.

/// Refuses run.steps beside run.epochs: each states the length.
void check_length_is_single(const Configuration& configuration);

// What can be checked before the length of the run is known: folders and files; data; schedule and
// optimizers.
void check_run(const RunSection& run);
void check_task(const Catalogue& catalogue, const Configuration& configuration);
void check_method(const Catalogue& catalogue, const Configuration& configuration);

/// What depends on the length: switch_step, milestones and warm-up must lie within the run.
void check_against_length(const Catalogue& catalogue, const Configuration& configuration,
                          int64_t total_steps);

}  // namespace muster::inline app
