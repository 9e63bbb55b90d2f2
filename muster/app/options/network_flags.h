#pragma once

#include <optional>

#include "muster/app/options/arguments.h"
#include "muster/report/network_time.h"

namespace muster::inline app {

/// The network of --network and --latency; nothing without --network. Throws OptionError.
std::optional<Network> network_of(const Arguments& arguments);

}  // namespace muster::inline app
