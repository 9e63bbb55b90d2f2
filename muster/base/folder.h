#pragma once

#include <string>
#include <vector>

namespace muster::inline base {

/// The names of all entries of a folder, sorted. Throws FileError, naming the folder.
std::vector<std::string> names_in(const std::string& folder);

}  // namespace muster::inline base
