#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "muster/flat/vector.h"

namespace muster::inline comm {

/// The moment after which a peer that has not answered counts as lost.
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline deadline_in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// An operation under way. It may live on after a failed wait, so it works on scratch memory of its own.
class Pending {
 public:
  virtual ~Pending() = default;
  /// Returns when the result is in place. Throws LostPeer when a peer died or the deadline passed.
  virtual void wait(Deadline deadline) = 0;
};

/// HOW do numbers travel between the ranks of a group? Knows contiguous vectors; nothing of models or rounds.
/// Every rank calls the same operations in the same order. Vectors must have the same length and type on all
/// ranks.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// mean <- mean over the ranks of their vectors, added in rank order: the same bits on every rank and from
  /// run to run. Until wait() returns neither may be touched; when it throws, mean holds anything. It may be
  /// the vector itself.
  virtual std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) = 0;
  /// parts[j] is sent to rank j; received[j] <- what rank j sent to this rank. Parts may differ in length:
  /// received[j] must have the length of what rank j sends.
  virtual std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                                  std::vector<Vector>& received) = 0;
  /// received[j] <- the part of rank j, on every rank.
  virtual std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) = 0;
  /// vector <- that of the root.
  virtual void broadcast(Vector& vector, int root) = 0;
};

}  // namespace muster::inline comm
