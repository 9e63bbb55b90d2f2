#pragma once

#include <string>
#include <vector>

namespace muster {

/// The names of all that lies in a folder, sorted. Throws FileError, naming the folder.
std::vector<std::string> names_in(const std::string& folder);

}  // namespace muster
