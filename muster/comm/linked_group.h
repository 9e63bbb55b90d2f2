#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "muster/comm/communicator.h"
#include "muster/links/group_watch.h"
#include "muster/links/links.h"

namespace muster::inline comm {

struct LinkedGroupOptions {
  int64_t slice_bytes = 4 << 20;                                 ///< see Collectives
  std::chrono::milliseconds patience = std::chrono::minutes(5);  ///< of broadcast, which has no deadline
  std::shared_ptr<Waits> waits{};  ///< where there are any: who is waited for is noted
};

/// A group over links. Operations are queued and run one after the other by a thread of the group's own, so
/// that they go on while the caller computes. Once a peer is lost, a deadline has passed, or the watch (where
/// there is one) says that a member is dead, every operation throws LostPeer: the group must be made anew.
std::unique_ptr<Communicator> make_linked_group(std::unique_ptr<Links> links,
                                                std::shared_ptr<GroupWatch> watch,
                                                const LinkedGroupOptions& options);

}  // namespace muster::inline comm
