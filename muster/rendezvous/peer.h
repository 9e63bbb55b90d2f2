#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "muster/rendezvous/sockets.h"
#include "muster/rendezvous/wire.h"

namespace muster {

/// The server's end of a connection. No call waits.
class Peer {
 public:
  Peer(FileDescriptor socket, SteadyTime now) : socket_(std::move(socket)), opened_(now) {}

  int descriptor() const { return socket_.number(); }
  short events() const;  ///< that poll() shall wait for

  /// Reads what has come; returns how many bytes.
  size_t receive(SteadyTime now);
  /// The next whole message. Throws DataError when it would be too long.
  std::optional<std::string> next_message(SteadyTime now);
  /// Sends as soon as the other side takes it; one that takes nothing is gone when too much has piled up.
  void send(const std::string& frame);
  void flush();

  void introduce() { introduced_ = true; }
  bool introduced() const { return introduced_; }
  bool stranger() const { return !introduced_ && !gone_; }
  /// Closes when what was sent has arrived.
  void finish() { finishing_ = true; }
  void hang_up() { gone_ = true; }
  bool gone() const { return gone_; }
  /// When it must have introduced itself, or sent the rest of a message.
  std::optional<SteadyTime> deadline(std::chrono::milliseconds introduction) const;

 private:
  FileDescriptor socket_;
  SteadyTime opened_;
  FrameSplitter incoming_;
  std::optional<SteadyTime> half_since_;
  std::string outgoing_;
  size_t sent_ = 0;
  bool introduced_ = false;
  bool finishing_ = false;
  bool gone_ = false;
};

}  // namespace muster
