#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// Runs of all claims files by their names.
using RunsByName = std::map<std::string, const ClaimRun*>;
RunsByName runs_by_name(const std::vector<ClaimFile>& files);

/// Number of seeds of a part: those of the runs that its arms come from, times those that each command runs
/// inside where a figure takes all of them (a * in its pointer). Throws DataError beginning with `owner`:
/// fewer than eight, or runs of different seeds, which cannot be paired.
int64_t seeds_of(const ClaimPart& part, const ClaimTest& test, const RunsByName& runs,
                 const std::string& owner);

}  // namespace muster::inline app
