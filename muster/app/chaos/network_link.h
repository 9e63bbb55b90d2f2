#pragma once

#include <sys/types.h>

#include <string>

#include "muster/app/processes/held_signals.h"

namespace muster::inline app {

/// The network device of a process that runs in a network namespace with a name (`ip netns`).
struct NetworkLink {
  std::string space;
  std::string device;
  bool operator==(const NetworkLink&) const = default;
};

/// Finds the link of `process`. `device`: one of its namespace's; empty: the only one beside lo. Throws Error
/// with the remedy when the process runs in the launcher's namespace (without that link no rank reaches the
/// store) or in one without a name, or when there is no such device.
NetworkLink link_of(pid_t process, pid_t launcher, const std::string& device);

/// Takes the link down or up (`ip -n SPACE link set DEVICE down`). Throws Error when that fails.
void set_link(const NetworkLink& link, bool up, HeldSignals& signals);

}  // namespace muster::inline app
