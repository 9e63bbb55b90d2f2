#pragma once

#include "muster/app/options.h"

namespace muster {

/// What meetings that overlap with local steps, and fragments, do not go together with. Throws OptionError
/// with the key that should change.
void check_overlap(const Configuration& configuration);

}  // namespace muster
