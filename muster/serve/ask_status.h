#pragma once

#include <string>

#include "muster/serve/credentials.h"
#include "muster/serve/status.h"

namespace muster::inline serve {

/// Asks the server at `address` how it stands. Throws LostPeer where it does not answer within so many
/// seconds, Error where it refuses.
ServerStatus ask_status(const std::string& address, const Credentials& credentials, double patience);

/// The configuration of its run, as TOML. Throws as ask_status().
std::string ask_configuration(const std::string& address, const Credentials& credentials, double patience);

}  // namespace muster::inline serve
