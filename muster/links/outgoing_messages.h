#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "muster/links/bell.h"
#include "muster/links/host_transfer.h"
#include "muster/links/lane.h"

namespace muster::inline links {

/// What one rank sends to one other: message after message, in pieces, as slots become free.
class OutgoingMessages {
 public:
  /// `bell`: the receiver's.
  OutgoingMessages(const Lane& lane, Bell& bell, int peer) : lane_(lane), bell_(bell), peer_(peer) {}

  /// `self` is this object, which lives as long as the transfer.
  std::unique_ptr<HostTransfer> add(std::shared_ptr<OutgoingMessages> self,
                                    std::span<const std::byte> message, int tag);
  /// A slot in which a message of so many bytes can be made: add() sends it from there without a copy if it
  /// is the next one. Empty where no slot is free or other messages must leave first.
  std::span<std::byte> room_for(size_t bytes);
  /// Writes what there is room for. True where anything was written.
  bool advance();

 private:
  class Sending;
  struct Message {
    Sending* sending;  ///< null: given up, which is reported to the receiver
    std::span<const std::byte> bytes;
    int tag;
    size_t written = 0;
  };
  bool made_in_slot(std::span<const std::byte> message) const;
  void write_piece(Message& message, int slot);
  void give_up(const Sending& sending);

  LaneWriter lane_;
  Bell& bell_;
  int peer_;
  std::deque<Message> messages_;
  std::optional<int> made_;  // slot in which the next message may have been made
};

}  // namespace muster::inline links
