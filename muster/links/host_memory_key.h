#pragma once

#include <string>
#include <vector>

namespace muster {

/// What processes must have in common to share memory as connect_shared_memory_links() does it, as a line of
/// text: the running system (its boot id), the network namespace (Unix sockets meet by names that hold in
/// one), the user namespace and the user. Empty where this system cannot share memory in that way. Processes
/// of one host may have different keys: in containers with networks of their own, say.
std::string host_memory_key();

/// Whether processes with these keys can share memory: all are one and the same, and not empty.
bool same_host_memory(const std::vector<std::string>& keys);

}  // namespace muster
