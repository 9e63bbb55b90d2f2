#pragma once

#include "muster/app/keys/options.h"
#include "muster/rounds/overlap_options.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// How meetings overlap with local steps, as [comm] says.
OverlapOptions build_overlap(const Catalogue& catalogue, const CommSection& comm);

}  // namespace muster::inline engine
