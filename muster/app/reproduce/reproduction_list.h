#pragma once

#include <string>

#include "muster/app/reproduce/reproduction_plan.h"

namespace muster::inline app {

/// Every row with its paper, kind, seeds and cost, and how many there are of each kind, for the terminal; or
/// one JSON object (docs/json.md).
std::string reproduction_list_text(const ReproductionPlan& plan);
std::string reproduction_list_json(const ReproductionPlan& plan);

}  // namespace muster::inline app
