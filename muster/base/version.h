#pragma once

#include <string_view>

namespace muster {

/// Of the library and its programs: "0.1.0".
std::string_view version();

}  // namespace muster
