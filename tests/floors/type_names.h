#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace muster::floors {

/// Reads every header in ROOT/muster; one line for each type that two of them define under one name in one
/// namespace: "Name in namespace: file and file". Such types break the one-definition rule as soon as a
/// program uses both, and no compiler sees it.
std::vector<std::string> types_defined_twice(const std::filesystem::path& root);

}  // namespace muster::floors
