#pragma once

#include <optional>
#include <string>

namespace muster::inline app {

/// A line without line feed that names the file of a control group's quota which leaves this process the time
/// of fewer cores than it may run on; nothing without such a quota.
std::optional<std::string> quota_sentence();

}  // namespace muster::inline app
