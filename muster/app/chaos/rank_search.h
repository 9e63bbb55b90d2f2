#pragma once

#include <sys/types.h>

#include <map>

namespace muster {

/// The processes of a run on this machine, by rank: the first on each way down from the launcher's process
/// that has RANK and MUSTER_LAUNCH_RESTART in its environment. Those that have ended, or are about to begin,
/// are left out.
std::map<int, pid_t> ranks_below(pid_t launcher);

}  // namespace muster
