#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/links/bell.h"
#include "muster/links/host_transfer.h"
#include "muster/links/lane.h"

namespace muster::inline links {

/// What one rank receives from one other. Pieces of a message that is asked for are copied to their place at
/// once. Those of a message that nobody has asked for yet stay in their slots; where they fill all slots
/// while a later message is waited for, make_room() moves them into memory of this process: no order of tags
/// can block the traffic.
class IncomingMessages {
 public:
  /// `bell`: the sender's.
  IncomingMessages(const Lane& lane, Bell& bell, int peer) : lane_(lane), bell_(bell), peer_(peer) {}

  /// `self` is this object, which lives as long as the transfer.
  std::unique_ptr<HostTransfer> add(std::shared_ptr<IncomingMessages> self, std::span<std::byte> message,
                                    int tag);
  /// The same where the message may stay in its slot. REQUIRES: bytes <= slot_bytes().
  std::unique_ptr<HostTransfer> add_anywhere(std::shared_ptr<IncomingMessages> self, size_t bytes, int tag);
  size_t slot_bytes() const { return lane_.slot_bytes(); }

  /// Takes the pieces that have arrived. True where there was any.
  bool advance();
  /// Frees a slot where the sender has none left because of messages that nobody has asked for. False
  /// otherwise.
  bool make_room();
  /// The sender has written an invalid piece: nothing more is received from it.
  bool broken() const { return broken_; }

 private:
  class Receiving;
  struct Held {
    int slot;
    size_t bytes;
  };
  /// A message whose first piece has arrived. `receiving` null and not `dropped`: nobody has asked for it.
  struct Message {
    int tag;
    size_t bytes;
    size_t come = 0;       ///< bytes whose pieces were there
    bool cut_off = false;  ///< by its sender, after so many
    bool dropped = false;  ///< by its receiver
    Receiving* receiving = nullptr;
    std::vector<std::byte> kept{};  ///< its first bytes, moved out of their slots by make_room()
    std::list<Held> held{};         ///< the pieces behind them
    bool whole() const { return cut_off || come == bytes; }
  };
  struct Wish {
    int tag;
    Receiving* receiving;  ///< null: given up; the message is dropped when it comes
  };
  using Messages = std::list<Message>;

  std::unique_ptr<HostTransfer> wish(std::unique_ptr<Receiving> receiving);
  void take(const LaneReader::Found& found);
  bool fits(const LanePiece& piece) const;
  void grant(Message& message);
  void deliver(Message& message, Receiving& receiving);
  void finish(Message& message);
  void release(int slot);
  void give_up(Receiving& receiving);

  LaneReader lane_;
  Bell& bell_;
  int peer_;
  bool broken_ = false;
  Messages messages_;       // in the order they came in; only the last one can lack pieces
  std::list<Wish> wishes_;  // for messages that have not begun to arrive, in the order of the calls
};

}  // namespace muster::inline links
