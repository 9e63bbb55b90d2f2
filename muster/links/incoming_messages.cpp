#include "muster/links/incoming_messages.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "muster/base/error.h"
#include "muster/links/slot_copy.h"

namespace muster::inline links {

/// Receives into memory of the caller (`anywhere` false), or shows the message where it is.
class IncomingMessages::Receiving final : public HostTransfer {
 public:
  Receiving(std::shared_ptr<IncomingMessages> messages, int tag, size_t bytes, std::byte* into)
      : HostTransfer(messages->peer_),
        messages_(std::move(messages)),
        tag_(tag),
        bytes_(bytes),
        into_(into) {}
  ~Receiving() override {
    if (!over()) messages_->give_up(*this);
    if (slot_) messages_->release(*slot_);
  }
  Receiving(const Receiving&) = delete;
  Receiving& operator=(const Receiving&) = delete;

  std::span<const std::byte> bytes() const override { return {into_, bytes_}; }
  int tag() const { return tag_; }
  size_t size() const { return bytes_; }
  bool anywhere() const { return anywhere_; }
  std::byte* into() const { return into_; }

  void let_be_anywhere() { anywhere_ = true; }
  void show_slot(int slot, const std::byte* bytes) {
    slot_ = slot;
    into_ = const_cast<std::byte*>(bytes);  // handed out as const only
  }
  void show(std::vector<std::byte> bytes) {
    kept_ = std::move(bytes);
    into_ = kept_.data();
  }

 private:
  std::shared_ptr<IncomingMessages> messages_;
  int tag_;
  size_t bytes_;
  std::byte* into_;
  bool anywhere_ = false;
  std::optional<int> slot_;
  std::vector<std::byte> kept_;
};

std::unique_ptr<HostTransfer> IncomingMessages::add(std::shared_ptr<IncomingMessages> self,
                                                    std::span<std::byte> message, int tag) {
  return wish(std::make_unique<Receiving>(std::move(self), tag, message.size(), message.data()));
}

std::unique_ptr<HostTransfer> IncomingMessages::add_anywhere(std::shared_ptr<IncomingMessages> self,
                                                             size_t bytes, int tag) {
  invariant(bytes <= slot_bytes(), "a message to be seen in the links' memory fits there");
  auto receiving = std::make_unique<Receiving>(std::move(self), tag, bytes, nullptr);
  receiving->let_be_anywhere();
  return wish(std::move(receiving));
}

std::unique_ptr<HostTransfer> IncomingMessages::wish(std::unique_ptr<Receiving> receiving) {
  const auto unasked = std::find_if(messages_.begin(), messages_.end(), [&](const Message& message) {
    return message.receiving == nullptr && !message.dropped && message.tag == receiving->tag();
  });
  if (unasked == messages_.end()) {
    wishes_.push_back({receiving->tag(), receiving.get()});
    advance();
    return receiving;
  }
  unasked->receiving = receiving.get();
  grant(*unasked);
  if (unasked->whole()) messages_.erase(unasked);
  return receiving;
}

bool IncomingMessages::advance() {
  bool moved = false;
  while (!broken_) {
    const auto found = lane_.next();
    if (!found) break;
    moved = true;
    if (fits(found->piece))
      take(*found);
    else
      broken_ = true;
  }
  return moved;
}

/// A piece goes on with the message that lacks pieces, or begins one where none does; it fills its slot
/// unless the message ends there.
bool IncomingMessages::fits(const LanePiece& piece) const {
  const bool goes_on = !messages_.empty() && !messages_.back().whole();
  const size_t come = goes_on ? messages_.back().come : 0;
  const bool same =
      !goes_on || (piece.tag == messages_.back().tag && piece.message_bytes == messages_.back().bytes);
  const size_t bytes = piece.given_up ? 0 : std::min<size_t>(lane_.slot_bytes(), piece.message_bytes - come);
  return same && piece.offset == come && piece.bytes == bytes;
}

void IncomingMessages::take(const LaneReader::Found& found) {
  const LanePiece& piece = found.piece;
  if (messages_.empty() || messages_.back().whole()) {
    Message& begun = messages_.emplace_back(Message{.tag = piece.tag, .bytes = piece.message_bytes});
    const auto wished =
        std::find_if(wishes_.begin(), wishes_.end(), [&](const Wish& wish) { return wish.tag == piece.tag; });
    if (wished != wishes_.end()) {
      begun.receiving = wished->receiving;
      begun.dropped = wished->receiving == nullptr;
      wishes_.erase(wished);
    }
  }
  Message& message = messages_.back();
  message.come += piece.bytes;
  message.cut_off = piece.given_up;
  message.held.push_back({found.slot, piece.bytes});
  if (message.receiving == nullptr && !message.dropped) return;
  grant(message);
  if (message.whole()) messages_.pop_back();
}

/// Delivers what has arrived of a message that a receiver has asked for.
void IncomingMessages::grant(Message& message) {
  if (message.receiving != nullptr && message.receiving->size() != message.bytes) {
    message.receiving->fail("sent a message of " + std::to_string(message.bytes) + " bytes where " +
                            std::to_string(message.receiving->size()) + " were expected");
    message.receiving = nullptr;
    message.dropped = true;
  }
  if (message.receiving != nullptr) deliver(message, *message.receiving);
  for (const Held& held : message.held) release(held.slot);
  message.held.clear();
  if (message.receiving != nullptr && message.whole()) finish(message);
}

void IncomingMessages::deliver(Message& message, Receiving& receiving) {
  if (receiving.anywhere()) {
    // It is one piece, kept or held.
    if (!message.whole() || message.cut_off) return;
    if (message.held.empty()) return receiving.show(std::move(message.kept));
    const Held held = message.held.front();
    message.held.pop_front();
    return receiving.show_slot(held.slot, lane_.slot(held.slot));
  }
  if (!message.kept.empty()) std::memcpy(receiving.into(), message.kept.data(), message.kept.size());
  size_t held_bytes = 0;
  for (const Held& held : message.held) held_bytes += held.bytes;
  std::byte* to = receiving.into() + (message.come - held_bytes);
  for (const Held& held : message.held) {
    copy_from_slot(to, {lane_.slot(held.slot), held.bytes}, message.bytes);
    to += held.bytes;
  }
  message.kept.clear();
}

void IncomingMessages::finish(Message& message) {
  if (message.cut_off)
    message.receiving->fail("has given up a message");
  else
    message.receiving->finish();
  message.receiving = nullptr;
  message.dropped = true;
}

void IncomingMessages::release(int slot) {
  lane_.release(slot);
  bell_.ring();
}

bool IncomingMessages::make_room() {
  if (!lane_.all_held()) return false;
  const auto holds = std::find_if(messages_.begin(), messages_.end(),
                                  [](const Message& message) { return !message.held.empty(); });
  if (holds == messages_.end()) return false;
  const Held held = holds->held.front();
  holds->held.pop_front();
  const std::byte* const from = lane_.slot(held.slot);
  holds->kept.insert(holds->kept.end(), from, from + held.bytes);
  release(held.slot);
  return true;
}

void IncomingMessages::give_up(Receiving& receiving) {
  for (Wish& wish : wishes_)
    if (wish.receiving == &receiving) wish.receiving = nullptr;
  for (Message& message : messages_)
    if (message.receiving == &receiving) {
      message.receiving = nullptr;
      message.dropped = true;
    }
}

}  // namespace muster::inline links
