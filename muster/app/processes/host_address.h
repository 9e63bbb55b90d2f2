#pragma once

#include <string>

namespace muster::inline app {

/// Whether a host's name, of a hosts file, means this machine: localhost, a loopback address, its own name.
bool is_this_host(const std::string& host);

/// The address of this machine from which `host` (a name or address, or user@name) is reached. Sends nothing.
/// Throws Error when the name cannot be resolved or no route leads there.
std::string address_facing(const std::string& host);

/// A TCP port that is free at this moment.
int free_port();

/// "127.0.0.1:29500", "[::1]:29500".
std::string host_and_port(const std::string& address, int port);

}  // namespace muster::inline app
