#pragma once

#include <chrono>
#include <string>

#include "muster/rendezvous/sockets.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/waits.h"
#include "muster/rendezvous/wire.h"

namespace muster::inline rendezvous {

/// A connection to a StoreServer, past hello and welcome. Calls block, until their deadline at most.
class StoreLink {
 public:
  /// Tries until the deadline, and notes in `waits` (where there are any) that it does. Throws LostPeer when
  /// no store answers, Error when it refuses.
  StoreLink(const StoreEndpoint& endpoint, SteadyTime deadline, Waits* waits = nullptr);

  /// Throws LostPeer when the server is gone or does not take it in time.
  void send(const std::string& frame, SteadyTime deadline);
  std::string receive(SteadyTime deadline);

  /// After so long without a sign of life the server takes a member for dead.
  std::chrono::milliseconds lease() const { return lease_; }
  /// "the store at HOST:PORT"
  const std::string& name() const { return name_; }
  int descriptor() const { return socket_.number(); }
  /// Received bytes that have not been read as messages yet.
  FrameSplitter& incoming() { return incoming_; }

 private:
  void try_until(const StoreEndpoint& endpoint, SteadyTime deadline, Waits* waits);
  void introduce(const std::string& token, SteadyTime deadline);
  void await(short events, SteadyTime deadline) const;

  std::string name_;
  FileDescriptor socket_;
  FrameSplitter incoming_;
  std::chrono::milliseconds lease_{0};
};

/// Reads the outcome of the reply to request `number`; the reader then stands at the fields. Throws LostPeer
/// or Error where that is the outcome, DataError where the reply is not to this request.
void read_outcome(MessageReader& reply, int64_t number);

}  // namespace muster::inline rendezvous
