#pragma once

#include <string>

namespace muster::inline links {

/// The address of this host, in digits, at which ranks of other hosts reach this one: that of the named
/// network interface, or the named address or host name of this host. Empty: that of GLOO_SOCKET_IFNAME (the
/// first of a list separated by commas, as in PyTorch), else the address of this host's own name, else
/// 127.0.0.1. Throws OptionError for "comm.interface", or Error for the variable, when there is no such
/// address; both list the interfaces of this host.
std::string local_address(const std::string& interface);

}  // namespace muster::inline links
