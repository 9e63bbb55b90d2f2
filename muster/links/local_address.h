#pragma once

#include <string>

namespace muster {

/// The address of this host, in digits, at which the ranks of other hosts reach this one: that of a network
/// interface, or of an address or name of this host. Empty: what GLOO_SOCKET_IFNAME names (of a list parted
/// by commas, as PyTorch takes it, the first), else the address of this host's own name, else 127.0.0.1.
/// Throws OptionError for "comm.interface", or Error for the variable, when there is no such address; both
/// name the interfaces that there are.
std::string local_address(const std::string& interface);

}  // namespace muster
