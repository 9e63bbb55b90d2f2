#pragma once

#include <optional>
#include <string>

#include "muster/serve/doors.h"

namespace muster {

/// Why a connection to `address` cannot come about however often it is tried: the server's certificate is of
/// another authority, for another name or out of its time; it refuses ours; or one side speaks plain text.
/// Nothing where all that is in order, or where the server is not reached within so many seconds. Connects
/// on its own, at most twice.
std::optional<std::string> tls_problem(const std::string& address, const Doors& doors, double seconds);

}  // namespace muster
