#pragma once

#include <optional>
#include <string>

#include "muster/serve/credentials.h"

namespace muster::inline serve {

/// Why a connection to `address` fails however often it is tried: the server's certificate is of another
/// authority, for another name or not valid now; it refuses ours; or one side sends plain text. Nothing where
/// all that is in order, or where the server is not reached within so many seconds. Makes connections of its
/// own, at most two.
std::optional<std::string> tls_problem(const std::string& address, const Credentials& credentials,
                                       double seconds);

}  // namespace muster::inline serve
