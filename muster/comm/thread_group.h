#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "muster/comm/communicator.h"

namespace muster::inline comm {

/// Ranks as threads of one process, for tests and for loops of one's own. Every rank hands in a copy; the
/// last one to arrive computes, so an operation ends for all ranks or for none: a wait that begins after that
/// succeeds, whatever has become of the others. A rank that is destroyed before it has taken part, or lets a
/// deadline pass, breaks the group: every operation not complete then, and every later one, throws LostPeer.
/// Vectors of different form are an Error on every rank, after which the group can still be used.
class ThreadGroup {
 public:
  /// One communicator for each rank; each serves one thread at a time. `patience`: how long broadcast, which
  /// has no deadline of its own, waits for the others. REQUIRES: ranks >= 1.
  static std::vector<std::unique_ptr<Communicator>> make(
      int ranks, std::chrono::milliseconds patience = std::chrono::minutes(5));
};

}  // namespace muster::inline comm
