#include "muster/rendezvous/peer.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "muster/rendezvous/protocol.h"

namespace muster::inline rendezvous {

namespace {

constexpr size_t most_unsent = 8 * longest_message;

}  // namespace

short Peer::events() const {
  const int in = held_up_ || full() ? 0 : POLLIN;
  return static_cast<short>(outgoing_.empty() ? in : in | POLLOUT);
}

size_t Peer::receive(SteadyTime now) {
  if (held_up_ || full()) return 0;  // the requests that are here come first
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
  if (count == 0 || (count < 0 && !try_later(errno))) hang_up();
  if (count <= 0) return 0;
  if (!finishing_) incoming_.append(std::string_view(bytes.data(), static_cast<size_t>(count)));
  if (!half_since_) half_since_ = now;
  return static_cast<size_t>(count);
}

std::optional<std::string> Peer::next_message(SteadyTime now) {
  if (finishing_ || gone_) return std::nullopt;
  auto message = incoming_.next(introduced_ ? longest_message : longest_hello);
  if (message) half_since_ = now;
  if (!incoming_.half()) half_since_.reset();
  return message;
}

void Peer::send(const std::string& frame) {
  if (gone_) return;
  outgoing_ += frame;
  if (outgoing_.size() - sent_ > most_unsent) hang_up();
}

void Peer::flush(SteadyTime now) {
  if (outgoing_.empty()) taken_ = now;
  while (!gone_ && sent_ < outgoing_.size()) {
    const ssize_t count =
        ::send(socket_.number(), outgoing_.data() + sent_, outgoing_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (!try_later(errno)) hang_up();
      return;
    }
    sent_ += static_cast<size_t>(count);
    taken_ = now;
  }
  outgoing_.clear();
  sent_ = 0;
  // The other side closes its end next; until then its bytes are read and discarded, since unread bytes would
  // make the system drop what was sent.
  if (finishing_) ::shutdown(socket_.number(), SHUT_WR);
}

std::optional<SteadyTime> Peer::deadline(std::chrono::milliseconds introduction) const {
  if (!introduced_) return opened_ + introduction;
  if (full()) return taken_ + introduction;
  if (half_since_ && !held_up_) return *half_since_ + introduction;
  return std::nullopt;
}

}  // namespace muster::inline rendezvous
