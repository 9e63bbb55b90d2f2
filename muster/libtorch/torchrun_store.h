#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "muster/rendezvous/key_values.h"
#include "muster/rendezvous/waits.h"

namespace muster {

/// The store of torchrun's agent, a TCPStore of c10d: what JoinOptions::agent_store wants. Throws LostPeer
/// when nobody answers in time; until then the wait is noted in `waits`, which may be null.
std::unique_ptr<KeyValues> torchrun_store(const std::string& address, int port,
                                          std::chrono::milliseconds within, Waits* waits);

}  // namespace muster
