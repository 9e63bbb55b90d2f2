#pragma once

#include <sys/types.h>

#include <map>

namespace muster::inline app {

/// The processes of a run on this machine, by rank: on each path down the process tree from the launcher, the
/// first one with RANK and MUSTER_LAUNCH_RESTART in its environment. Processes that have ended or not yet
/// begun are left out.
std::map<int, pid_t> ranks_below(pid_t launcher);

}  // namespace muster::inline app
