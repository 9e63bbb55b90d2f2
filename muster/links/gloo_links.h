#pragma once

#include <memory>
#include <string>

#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

namespace muster::inline links {

/// Links between hosts, over Gloo's TCP connections. Connects to all ranks, which exchange their addresses
/// through the store, under keys that begin with the prefix: another one for every group. Throws LostPeer
/// when they do not come in time, OptionError or Error when the interface is unknown, Error where this Muster
/// has no Gloo. From then on this process ignores SIGPIPE, unless it has a handler of its own: the death of a
/// peer must not end this process.
///
/// When the connection to a peer is lost, all unfinished messages with it end in LostPeer; the other
/// connections stay good. A transfer that is destroyed before its message is through ends the connection to
/// its peer.
std::unique_ptr<Links> connect_gloo_links(KeyValues& store, const std::string& prefix, int rank, int size,
                                          const LinkOptions& options);

}  // namespace muster::inline links
