#pragma once

#include <sys/types.h>

#include <string>

#include "muster/app/processes/held_signals.h"

namespace muster {

/// The network device of a process that runs in a network namespace with a name (`ip netns`).
struct NetworkLink {
  std::string space;
  std::string device;
  bool operator==(const NetworkLink&) const = default;
};

/// `device`: one of the namespace's; empty: the only one beside lo. Throws Error, saying what is needed,
/// where the process runs in the launcher's namespace (without its link nobody would reach the store) or in
/// one without a name, or the device is not to be found.
NetworkLink link_of(pid_t process, pid_t launcher, const std::string& device);

/// Takes it down or up (`ip -n SPACE link set DEVICE down`). Throws Error when that fails.
void set_link(const NetworkLink& link, bool up, HeldSignals& signals);

}  // namespace muster
