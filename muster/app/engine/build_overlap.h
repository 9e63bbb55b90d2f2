#pragma once

#include "muster/app/options.h"
#include "muster/rounds/overlap_options.h"

namespace muster {

OverlapOptions build_overlap(const CommSection& comm);

}  // namespace muster
