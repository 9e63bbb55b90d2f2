#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muster/links/links.h"

namespace muster {

/// Links between threads of one process, one for each rank: messages are copied into queues under one mutex.
/// For tests and for groups within a process. send() is done at once; receive_anywhere() shows up to 1 MiB. A
/// rank whose links are destroyed is LostPeer on those who wait for it, after they have received what it had
/// sent. `names`: of the ranks, as in LinkOptions.
std::vector<std::unique_ptr<Links>> make_thread_links(int size, const std::vector<std::string>& names = {});

}  // namespace muster
