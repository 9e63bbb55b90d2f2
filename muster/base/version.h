#pragma once

#include <string_view>

namespace muster::inline base {

/// The version of the library and its programs: "0.1.0".
std::string_view version();

}  // namespace muster::inline base
