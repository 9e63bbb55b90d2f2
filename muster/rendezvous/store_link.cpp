#include "muster/rendezvous/store_link.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>

#include "muster/base/error.h"
#include "muster/rendezvous/nobody_listens.h"
#include "muster/rendezvous/protocol.h"

namespace muster::inline rendezvous {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto retry_pause = std::chrono::milliseconds(50);
constexpr auto longest_attempt = std::chrono::seconds(5);

/// A store that was reached before does not come back when its port has refused connections for so long.
constexpr auto longest_refusal = std::chrono::seconds(1);

}  // namespace

StoreLink::StoreLink(const StoreEndpoint& endpoint, SteadyTime deadline, Waits* waits)
    : name_(fmt::format("the store at {}, port {}", endpoint.address, endpoint.port)) {
  try_until(endpoint, deadline, waits);
}

void StoreLink::try_until(const StoreEndpoint& endpoint, SteadyTime deadline, Waits* waits) {
  Wait wait{.whom = name_, .where = "to answer", .until = deadline};
  const Waits::Note note(waits, wait);
  std::optional<SteadyTime> refused_since;
  while (true) {
    try {
      const SteadyTime until = std::min(deadline, Clock::now() + longest_attempt);
      socket_ = connect_to(endpoint.address, endpoint.port, until);
      incoming_ = {};
      introduce(endpoint.token, until);
      return;
    } catch (const LostPeer& lost) {
      // The store may not listen yet, or have closed the connection because too many came at once.
      const SteadyTime now = Clock::now();
      const bool refused = dynamic_cast<const NobodyListens*>(&lost) != nullptr;
      if (!refused) refused_since.reset();
      if (refused && !refused_since) refused_since = now;
      const bool gone = endpoint.has_stood && refused_since && now - *refused_since >= longest_refusal;
      if (gone || now + retry_pause >= deadline)
        throw LostPeer(fmt::format("cannot reach {}: {}", name_, lost.what()));
      wait.state = lost.what();
      note.change(wait);
    }
    std::this_thread::sleep_for(retry_pause);
  }
}

void StoreLink::introduce(const std::string& token, SteadyTime deadline) {
  send(hello_frame(token), deadline);
  Welcome answer;
  try {
    answer = welcome_from(receive(deadline));
  } catch (const DataError&) {
    throw Error(fmt::format("what listens there is not {}", name_));
  }
  if (!answer.refusal.empty()) throw Error(fmt::format("{} refuses: {}", name_, answer.refusal));
  lease_ = answer.lease;
}

void StoreLink::send(const std::string& frame, SteadyTime deadline) {
  size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t count = ::send(socket_.number(), frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (count > 0)
      sent += static_cast<size_t>(count);
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      await(POLLOUT, deadline);
    else if (errno != EINTR)
      throw LostPeer(fmt::format("{} is gone: {}", name_, std::strerror(errno)));
  }
}

std::string StoreLink::receive(SteadyTime deadline) {
  std::array<char, 65536> bytes;
  while (true) {
    if (auto message = incoming_.next()) return *message;
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count > 0)
      incoming_.append(std::string_view(bytes.data(), static_cast<size_t>(count)));
    else if (count == 0)
      throw LostPeer(fmt::format("{} is gone: it closed the connection", name_));
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      await(POLLIN, deadline);
    else if (errno != EINTR)
      throw LostPeer(fmt::format("{} is gone: {}", name_, std::strerror(errno)));
  }
}

void StoreLink::await(short events, SteadyTime deadline) const {
  pollfd waiting{socket_.number(), events, 0};
  const SteadyTime now = Clock::now();
  const int ready = ::poll(&waiting, 1, poll_milliseconds(now, deadline));
  if (ready == 0 && now >= deadline) throw LostPeer(fmt::format("{} does not answer", name_));
}

void read_outcome(MessageReader& reply, int64_t number) {
  if (reply.number() != number) throw DataError("the store's reply belongs to another request");
  const auto outcome = static_cast<Outcome>(reply.byte());
  if (outcome == Outcome::refused) throw Error(reply.text());
  if (outcome == Outcome::lost) throw LostPeer(reply.text());
  if (outcome != Outcome::done) throw DataError("the store's reply has no outcome");
}

}  // namespace muster::inline rendezvous
