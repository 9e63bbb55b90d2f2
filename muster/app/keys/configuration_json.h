#pragma once

#include <string>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

/// The configuration as one JSON object of objects, {"run": {"steps": 100, ...}, ...}; null for what is not
/// given.
std::string configuration_json(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster::inline app
