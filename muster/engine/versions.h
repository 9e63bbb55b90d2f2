#pragma once

#include <map>
#include <string>

namespace muster::inline engine {

/// What the results of a run depend on besides its configuration: "muster", "libtorch", "processor".
std::map<std::string, std::string> versions();

}  // namespace muster::inline engine
