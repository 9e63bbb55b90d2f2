#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

/// A host and how many processes it takes.
struct HostSlots {
  std::string host;  ///< a name or address (IPv6 without brackets), or user@name
  int slots = 1;
  bool operator==(const HostSlots&) const = default;
};

/// Reads a list of hosts as Open MPI, MPICH, Horovod, batch systems and Slurm write them, in the order in
/// which ranks fill them. On each line one host, or several with commas between them, each of the form
///   HOST | HOST:N | HOST N | HOST slots=N [max-slots=M] [user=NAME]
/// HOST is a name, an address (IPv6 with a number of slots behind it in brackets: [::1]:4), user@name, or a
/// list of nodes such as n[001-010,12]. A host that comes several times has the sum of its slots. What
/// follows a # is a comment, empty lines count for nothing. Throws DataError naming `name`, the line, what
/// stands there and what would be right: another syntax, a host that could be mistaken for an option, no host
/// at all.
std::vector<HostSlots> parse_hosts(std::string_view text, const std::string& name);

}  // namespace muster::inline app
