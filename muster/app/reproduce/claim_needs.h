#pragma once

#include <string>

#include "muster/app/reproduce/reproduction_plan.h"

namespace muster::inline app {

/// What a test needs and does not find here, in words; "" where nothing is missing. Throws FileError,
/// DataError for a file of hosts that cannot be read.
std::string missing_needs(const ClaimTest& test, const ReproduceRequest& request);

}  // namespace muster::inline app
