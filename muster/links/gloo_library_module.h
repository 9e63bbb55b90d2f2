#pragma once

#include <string>
#include <vector>

#include "muster/links/gloo_plugin_module.h"

namespace muster::inline links {

constexpr const char* gloo_library_name = "libmuster_gloo_links.so";

/// Where the library may be: beside the running program, or the library that contains this code, and where
/// `cmake --install` puts it relative to either.
std::vector<std::string> gloo_library_places();

/// Opens it, from the first place where there is one, else from where the system looks for libraries, and
/// keeps it open. Throws Error where there is none, or Gloo itself is missing.
const GlooFunctions& open_gloo_library(const std::vector<std::string>& places);

}  // namespace muster::inline links
