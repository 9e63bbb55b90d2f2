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

namespace muster {

/// What one rank sends to one other: message after message, in pieces, as slots become free.
class OutgoingMessages {
 public:
  /// `bell`: the receiver's.
  OutgoingMessages(const Lane& lane, Bell& bell, int peer) : lane_(lane), bell_(bell), peer_(peer) {}

  /// `self` is this object, which lives as long as the transfer.
  std::unique_ptr<HostTransfer> add(std::shared_ptr<OutgoingMessages> self,
                                    std::span<const std::byte> message, int tag);
  /// A slot for a message of so many bytes that is made there: add() takes it without a copy if it is the
  /// next. Empty where no slot is free or other messages are to leave first.
  std::span<std::byte> room_for(size_t bytes);
  /// Writes what there is room for. True where anything was written.
  bool advance();

 private:
  class Sending;
  struct Message {
    Sending* sending;  ///< null: given up, which the receiver must be told
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

}  // namespace muster
