#pragma once

#include <string>
#include <vector>

#include "muster/links/links.h"
#include "muster/links/shared_memory.h"
#include "muster/rendezvous/key_values.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline links {

/// The result of meet_on_host().
struct HostMeeting {
  SharedMemory memory;  ///< the same for all
  /// By rank; none for the own one. The kernel closes the other end when its process ends, for whatever
  /// reason.
  std::vector<FileDescriptor> connections;
};

/// Every rank calls it with the same `bytes`. Rank 0 makes the memory and hands its descriptor to the others
/// over the connections, which needs no common parent, no common process numbers and no file system; the
/// ranks tell each other through the store where they listen. Throws LostPeer as links do while they are
/// connected; Error where a rank cannot be reached in this way (another host, a container with a network of
/// its own, another user), on every rank.
HostMeeting meet_on_host(KeyValues& store, const std::string& prefix, int rank, int size,
                         const LinkOptions& options, size_t bytes);

}  // namespace muster::inline links
