#pragma once

#include <string>

namespace muster::inline base {

/// The name of this machine; "host" where it has none.
std::string host_name();

}  // namespace muster::inline base
