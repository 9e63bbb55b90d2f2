#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

/// What changes when a run that had `before` steps in all and has made `done` gets `now` steps, a line each:
/// first the length, then whatever of its schedule depends on the total. REQUIRES: a configuration from
/// resolve(), done <= now.
std::vector<std::string> change_of_length(const Catalogue& catalogue, const Configuration& configuration,
                                          int64_t before, int64_t now, int64_t done);

}  // namespace muster::inline app
