#pragma once

#include "muster/app/keys/options.h"
#include "muster/rounds/overlap_options.h"

namespace muster {

class Catalogue;

/// How meetings overlap with local steps, as [comm] says.
OverlapOptions build_overlap(const Catalogue& catalogue, const CommSection& comm);

}  // namespace muster
