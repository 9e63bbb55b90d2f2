#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "muster/rendezvous/sockets.h"
#include "muster/rendezvous/wire.h"

namespace muster::inline rendezvous {

/// The server's end of a connection. No call blocks.
class Peer {
 public:
  Peer(FileDescriptor socket, SteadyTime now) : socket_(std::move(socket)), opened_(now), taken_(now) {}

  int descriptor() const { return socket_.number(); }
  short events() const;  ///< that poll() shall wait for

  /// Reads what has arrived; returns the number of bytes.
  size_t receive(SteadyTime now);
  /// The next whole message. Throws DataError when it would be too long.
  std::optional<std::string> next_message(SteadyTime now);
  /// Sends as soon as the other side takes it; a peer that takes nothing is dropped when too much is unsent.
  void send(const std::string& frame);
  void flush(SteadyTime now);

  /// More is unsent than one answer can be: its next requests are not read until it has taken some.
  bool full() const { return outgoing_.size() - sent_ > longest_message + 64; }
  /// Held up: whole messages wait for the next turn, and nothing more is read meanwhile.
  void hold_up(bool held_up) { held_up_ = held_up; }
  bool can_go_on() const { return held_up_ && !full() && !gone_; }

  void introduce() { introduced_ = true; }
  bool introduced() const { return introduced_; }
  bool stranger() const { return !introduced_ && !gone_; }
  /// Closes when what was sent has arrived.
  void finish() { finishing_ = true; }
  void hang_up() { gone_ = true; }
  bool gone() const { return gone_; }
  /// The latest time for it to introduce itself, send the rest of a message or take some of too many answers.
  std::optional<SteadyTime> deadline(std::chrono::milliseconds introduction) const;

 private:
  FileDescriptor socket_;
  SteadyTime opened_;
  FrameSplitter incoming_;
  std::optional<SteadyTime> half_since_;
  std::string outgoing_;
  size_t sent_ = 0;
  SteadyTime taken_;  ///< when it last took something that was sent
  bool held_up_ = false;
  bool introduced_ = false;
  bool finishing_ = false;
  bool gone_ = false;
};

}  // namespace muster::inline rendezvous
