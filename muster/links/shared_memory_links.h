#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/links/lane.h"
#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

namespace muster::inline links {

/// Links between processes (or threads) of one host over shared memory; host_memory_key.h says which
/// processes can share it. A message is copied into slots of that memory and out of it again, or read where
/// it is (receive_anywhere(), up to a slot). Every rank calls it with the same size; `shape` is that of
/// lane_shape_of(size) where none is given, and must be the same for all.
///
/// send() writes at once what there is room for. A rank that ends, or destroys its links, is noticed within
/// 100 ms by the ranks that wait for it; what it had sent before is still received. A transfer that is
/// destroyed under way gives up only its own message: its receiver gets LostPeer, later messages arrive. A
/// process that is stopped is waited for. No files or names are left behind, however the processes end.
/// Throws LostPeer where another rank is gone or does not come in time while links are connected; Error where
/// the ranks cannot share memory.
std::unique_ptr<Links> connect_shared_memory_links(KeyValues& store, const std::string& prefix, int rank,
                                                   int size, const LinkOptions& options,
                                                   const std::optional<LaneShape>& shape = std::nullopt);

}  // namespace muster::inline links
