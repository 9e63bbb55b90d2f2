#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muster/links/links.h"

namespace muster::inline links {

/// Links between threads of one process, one for each rank: messages are copied into queues under one mutex.
/// For tests and for groups within a process. send() is done at once; receive_anywhere() takes up to 1 MiB.
/// When a rank's links are destroyed, the ranks that wait for it get LostPeer, after they have received what
/// it had sent. `names`: of the ranks, as in LinkOptions.
std::vector<std::unique_ptr<Links>> make_thread_links(int size, const std::vector<std::string>& names = {});

}  // namespace muster::inline links
