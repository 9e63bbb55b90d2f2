#include "muster/links/outgoing_messages.h"

#include <algorithm>
#include <utility>

#include "muster/links/slot_copy.h"

namespace muster::inline links {

class OutgoingMessages::Sending final : public HostTransfer {
 public:
  Sending(std::shared_ptr<OutgoingMessages> messages, std::span<const std::byte> message)
      : HostTransfer(messages->peer_), messages_(std::move(messages)), message_(message) {}
  ~Sending() override {
    if (!over()) messages_->give_up(*this);
  }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  std::span<const std::byte> bytes() const override { return message_; }

 private:
  std::shared_ptr<OutgoingMessages> messages_;
  std::span<const std::byte> message_;
};

std::unique_ptr<HostTransfer> OutgoingMessages::add(std::shared_ptr<OutgoingMessages> self,
                                                    std::span<const std::byte> message, int tag) {
  auto sending = std::make_unique<Sending>(std::move(self), message);
  if (made_in_slot(message)) {
    lane_.publish(*std::exchange(made_, std::nullopt),
                  {.tag = tag, .message_bytes = message.size(), .bytes = message.size()});
    bell_.ring();
    sending->finish();
    return sending;
  }
  made_.reset();
  messages_.push_back({.sending = sending.get(), .bytes = message, .tag = tag});
  advance();
  return sending;
}

std::span<std::byte> OutgoingMessages::room_for(size_t bytes) {
  advance();
  made_ = messages_.empty() && !bell_.left() ? lane_.free_slot() : std::nullopt;
  if (!made_) return {};
  return {lane_.slot(*made_), bytes};
}

bool OutgoingMessages::made_in_slot(std::span<const std::byte> message) const {
  return made_ && message.data() == lane_.slot(*made_);
}

bool OutgoingMessages::advance() {
  bool moved = false;
  while (!messages_.empty() && !bell_.left()) {
    const auto slot = lane_.free_slot();
    if (!slot) break;
    moved = true;
    Message& message = messages_.front();
    write_piece(message, *slot);
    bell_.ring();
    if (message.sending != nullptr && message.written < message.bytes.size()) continue;
    if (message.sending != nullptr) message.sending->finish();
    messages_.pop_front();
  }
  return moved;
}

void OutgoingMessages::write_piece(Message& message, int slot) {
  LanePiece piece{.tag = message.tag, .message_bytes = message.bytes.size(), .offset = message.written};
  if (message.sending == nullptr) {
    piece.given_up = true;
  } else {
    const auto bytes = message.bytes.subspan(
        message.written, std::min(lane_.slot_bytes(), message.bytes.size() - message.written));
    copy_into_slot(lane_.slot(slot), bytes, message.bytes.size());
    piece.bytes = bytes.size();
    message.written += bytes.size();
  }
  lane_.publish(slot, piece);
}

void OutgoingMessages::give_up(const Sending& sending) {
  for (Message& message : messages_)
    if (message.sending == &sending) message.sending = nullptr;
}

}  // namespace muster::inline links
