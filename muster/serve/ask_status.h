#pragma once

#include <string>

#include "muster/serve/doors.h"
#include "muster/serve/status.h"

namespace muster {

/// Asks the server at `address` how it stands. Throws LostPeer where it does not answer within so many
/// seconds, Error where it refuses.
ServerStatus ask_status(const std::string& address, const Doors& doors, double patience);

/// The configuration of its run, as TOML. Throws as ask_status().
std::string ask_configuration(const std::string& address, const Doors& doors, double patience);

}  // namespace muster
