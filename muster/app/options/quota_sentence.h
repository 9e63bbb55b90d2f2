#pragma once

#include <optional>
#include <string>

namespace muster {

/// Where a quota of its control groups leaves this process the time of fewer cores than it may run on: says
/// so, with the file, in a line without line feed.
std::optional<std::string> quota_sentence();

}  // namespace muster
