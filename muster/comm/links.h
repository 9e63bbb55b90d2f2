#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/comm/group_watch.h"
#include "muster/rendezvous/key_values.h"
#include "muster/rendezvous/waits.h"

namespace muster {

struct LinkOptions {
  std::string interface;  ///< network interface, or an address or name of this host; empty: see links.cpp
  std::chrono::milliseconds connect_within = std::chrono::minutes(5);
  std::shared_ptr<GroupWatch> watch{};  ///< where there is one: a death ends connecting at once
  std::shared_ptr<Waits> waits{};       ///< where there are any: who is waited for is noted
  std::vector<std::string> names{};     ///< of the ranks, for messages; none: "rank 0", ...
};

/// A message under way to or from one peer. Destroying it gives up the message; its memory is not touched
/// afterwards.
class Transfer {
 public:
  virtual ~Transfer() = default;
};

/// Messages between the ranks of a group over c10d's ProcessGroupGloo, point to point. Its collectives are
/// not used: a collective that fails lives on in a thread of c10d's own and blocks whoever takes the group
/// down, a message does not. One thread sends, receives and waits; interrupt() may be called by any.
class Links {
 public:
  /// Connects to all ranks, which exchange their addresses through the store, under keys that begin with the
  /// prefix: another one for every group. Throws LostPeer when they do not
  /// come in time, Error when the interface is unknown. From then on this process ignores SIGPIPE, unless it
  /// has a handler of its own: a peer that dies is an error, not our end.
  static std::unique_ptr<Links> connect(KeyValues& store, const std::string& prefix, int rank, int size,
                                        const LinkOptions& options);
  virtual ~Links() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Messages with one peer and tag arrive in the order they were sent in; lengths must match. The memory
  /// must live and stay as it is until wait() returned or the transfer is destroyed.
  virtual std::unique_ptr<Transfer> send(const at::Tensor& message, int to, int tag) = 0;
  virtual std::unique_ptr<Transfer> receive(const at::Tensor& message, int from, int tag) = 0;
  /// Returns when the message has left or arrived. Throws LostPeer when the peer is gone, or interrupted.
  virtual void wait(Transfer& transfer) = 0;
  /// The rank that is waited for at present; by any thread.
  virtual std::optional<int> waits_for() const = 0;
  /// What a rank is called in messages.
  virtual std::string name_of(int rank) const = 0;
  /// Ends the present wait and all later ones. The links can only be destroyed then.
  virtual void interrupt() = 0;
};

/// The store of torchrun's agent, a TCPStore of c10d. Throws LostPeer when nobody answers in time; until
/// then the wait is noted in `waits`, which may be null.
std::unique_ptr<KeyValues> torchrun_store(const std::string& address, int port,
                                          std::chrono::milliseconds within, Waits* waits);

}  // namespace muster
