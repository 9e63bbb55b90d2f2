#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/links/lane.h"
#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

namespace muster {

/// Links between processes (or threads) of one host over memory that they share; see host_memory_key.h for
/// who can. A message is copied into slots of that memory and out of it again, or read where it is
/// (receive_anywhere(), up to a slot). Every rank calls it with the same size; `shape` is that of
/// lane_shape_of(size) where none is given, and must be the same for all.
///
/// send() writes at once what there is room for. A rank that ends, or destroys its links, is noticed within
/// 100 ms by whoever waits for it; what it had sent before is still received. A transfer that is destroyed
/// under way gives up its message alone: the one who receives it gets LostPeer, messages behind it are good.
/// A process that is stopped is waited for. Nothing is left behind, however the processes end. Throws as
/// links do while they are connected: LostPeer where another rank is gone or does not come in time; Error
/// where the ranks cannot share memory.
std::unique_ptr<Links> connect_shared_memory_links(KeyValues& store, const std::string& prefix, int rank,
                                                   int size, const LinkOptions& options,
                                                   const std::optional<LaneShape>& shape = std::nullopt);

}  // namespace muster
