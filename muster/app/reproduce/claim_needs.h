#pragma once

#include <string>

#include "muster/app/reproduce/reproduction_plan.h"

namespace muster {

/// What a test needs and is not here, as a person would say it; "" where all is. Throws FileError, DataError
/// for a file of hosts that cannot be read.
std::string missing_needs(const ClaimTest& test, const ReproduceRequest& request);

}  // namespace muster
