#pragma once

#include <string>
#include <vector>

namespace muster::inline links {

/// What processes must have in common to share memory by connect_shared_memory_links(), as a line of text:
/// the running system (its boot id), the network namespace (the names of Unix sockets hold within one), the
/// user namespace and the user. Empty where this system cannot share memory in that way. Processes of one
/// host may have different keys, for example in containers with networks of their own.
std::string host_memory_key();

/// Whether processes with these keys can share memory: all keys are equal, and not empty.
bool same_host_memory(const std::vector<std::string>& keys);

}  // namespace muster::inline links
