#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "muster/rendezvous/key_values.h"
#include "muster/rendezvous/waits.h"

namespace muster::inline libtorch {

/// The store of torchrun's agent, a TCPStore of c10d, for JoinOptions::agent_store. Throws LostPeer when it
/// does not answer within `within`; until then the wait is noted in `waits`, which may be null.
std::unique_ptr<KeyValues> torchrun_store(const std::string& address, int port,
                                          std::chrono::milliseconds within, Waits* waits);

}  // namespace muster::inline libtorch
