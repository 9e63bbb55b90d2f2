#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// A host and how many processes it takes.
struct HostSlots {
  std::string host;  ///< a name or address, or user@name
  int slots = 1;
  bool operator==(const HostSlots&) const = default;
};

/// Reads a list of hosts: "HOST [slots=N]" on each line, in the order in which ranks fill them; what follows
/// a # is a comment, empty lines count for nothing. Throws DataError naming `name`, the line, what stands
/// there and what would be right: another syntax, a host that could be mistaken for an option, a host that
/// comes twice, no host at all.
std::vector<HostSlots> parse_hosts(std::string_view text, const std::string& name);

}  // namespace muster
