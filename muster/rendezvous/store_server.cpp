#include "muster/rendezvous/store_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/rendezvous/peer.h"
#include "muster/rendezvous/quiet_thread.h"
#include "muster/rendezvous/request_handler.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline rendezvous {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t most_strangers = 64;  // connections that have not introduced themselves
constexpr int served_at_once = 200;    // requests of one connection; then it is the others' turn
constexpr int accepted_at_once = 16;   // then the connections already accepted are served first
constexpr auto accept_pause = std::chrono::milliseconds(100);  // when there are no descriptors left

MembershipOptions membership_of(const StoreServerOptions& options) {
  invariant(options.introduction.count() > 0, "a store waits for introductions longer than nothing");
  return {.expected = options.expected,
          .min_members = options.min_members,
          .lease = options.lease,
          .patience = options.patience};
}

}  // namespace

class StoreServer::Loop {
 public:
  explicit Loop(StoreServerOptions options)
      : options_(std::move(options)),
        handler_(membership_of(options_)),
        listener_(listen_on(options_.address, options_.port)),
        waker_(make_waker()),
        thread_(quiet_thread([this] { run(); })) {}
  ~Loop() {
    stop_ = true;
    wake(waker_);
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  int port() const { return port_of(listener_); }
  Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  void run();
  void turn();
  std::vector<pollfd> watched(SteadyTime now) const;
  int patience(SteadyTime now) const;
  void serve(uint64_t number, Peer& peer, SteadyTime now);
  void welcome(Peer& peer, const std::string& message);
  void accept_some(SteadyTime now);
  void turn_away_oldest_stranger();
  void close_overdue(SteadyTime now);
  /// Sends messages and closes lost connections until no further messages follow from that.
  void deliver(SteadyTime now);
  void send_messages();
  void publish();

  const StoreServerOptions options_;
  RequestHandler handler_;
  FileDescriptor listener_;
  FileDescriptor waker_;
  std::map<uint64_t, Peer> peers_;
  uint64_t next_peer_ = 1;
  SteadyTime accept_from_;
  SteadyTime last_turn_ = Clock::now();

  mutable std::mutex mutex_;
  Status status_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void StoreServer::Loop::run() {
  try {
    while (!stop_) turn();
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    status_.given_up = fmt::format("the store failed: {}", error.what());
  }
  ::shutdown(listener_.number(), SHUT_RDWR);  // nobody is served any more, whether it works or not
  peers_.clear();
}

void StoreServer::Loop::turn() {
  const SteadyTime now = Clock::now();
  // This thread was itself stopped (a stopped job, a machine under load): the members' heartbeats wait in the
  // sockets, or the members were stopped too.
  if (now - last_turn_ > options_.lease * 3 / 4) handler_.renew_leases(now);
  last_turn_ = now;
  std::vector<pollfd> ready = watched(now);
  ::poll(ready.data(), ready.size(), patience(now));
  take_wake(waker_);
  const SteadyTime awake = Clock::now();
  size_t at = 2;
  for (auto& [number, peer] : peers_)
    if (ready[at++].revents != 0 || peer.can_go_on()) serve(number, peer, awake);
  if (ready[1].revents != 0) accept_some(awake);
  // Judged by the time before poll(): what had come by then has been read.
  handler_.pass(now);
  close_overdue(now);
  deliver(awake);
}

std::vector<pollfd> StoreServer::Loop::watched(SteadyTime now) const {
  std::vector<pollfd> all{{waker_.number(), POLLIN, 0},
                          {now < accept_from_ ? -1 : listener_.number(), POLLIN, 0}};
  for (const auto& [number, peer] : peers_) all.push_back({peer.descriptor(), peer.events(), 0});
  return all;
}

int StoreServer::Loop::patience(SteadyTime now) const {
  SteadyTime until = now + options_.lease / 4;
  if (const auto deadline = handler_.next_deadline()) until = std::min(until, *deadline);
  if (now < accept_from_) until = std::min(until, accept_from_);
  for (const auto& [number, peer] : peers_) {
    if (peer.can_go_on()) return 0;
    if (const auto deadline = peer.deadline(options_.introduction)) until = std::min(until, *deadline);
  }
  return poll_milliseconds(now, until);
}

void StoreServer::Loop::serve(uint64_t number, Peer& peer, SteadyTime now) {
  peer.flush(now);
  if (peer.receive(now) > 0) handler_.heard(number, now);
  try {
    for (int served = 0;; ++served) {
      peer.hold_up(served == served_at_once || peer.full());
      if (served == served_at_once || peer.full()) break;
      const auto message = peer.next_message(now);
      if (!message) break;
      if (peer.introduced())
        handler_.receive(number, *message, now);
      else
        welcome(peer, *message);
      send_messages();
    }
  } catch (const std::exception&) {
    peer.hang_up();  // a violation of the protocol: only this connection ends
  }
  peer.flush(now);
}

void StoreServer::Loop::welcome(Peer& peer, const std::string& message) {
  const auto hello = hello_from(message);
  if (!hello) return peer.hang_up();
  Welcome answer{.lease = options_.lease};
  if (hello->version != protocol_version)
    answer.refusal = fmt::format(
        "this store uses protocol version {}, the caller version {}: all processes of a run must be "
        "of the same version of Muster",
        protocol_version, hello->version);
  else if (!same_token(options_.token, hello->token))
    answer.refusal = "the token is not that of this run: all its processes need the same MUSTER_TOKEN";
  peer.send(welcome_frame(answer));
  if (answer.refusal.empty())
    peer.introduce();
  else
    peer.finish();
}

void StoreServer::Loop::accept_some(SteadyTime now) {
  for (int i = 0; i < accepted_at_once; ++i) {
    const int descriptor = ::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
      turn_away_oldest_stranger();
      accept_from_ = now + accept_pause;
      return;
    }
    set_connection_options(descriptor);
    const auto strangers =
        std::ranges::count_if(peers_, [](const auto& entry) { return entry.second.stranger(); });
    if (static_cast<size_t>(strangers) >= most_strangers) turn_away_oldest_stranger();
    peers_.emplace(next_peer_++, Peer(FileDescriptor(descriptor), now));
  }
}

void StoreServer::Loop::turn_away_oldest_stranger() {
  const auto oldest = std::ranges::find_if(peers_, [](const auto& entry) { return entry.second.stranger(); });
  if (oldest != peers_.end()) oldest->second.hang_up();
}

void StoreServer::Loop::close_overdue(SteadyTime now) {
  for (auto& [number, peer] : peers_)
    if (const auto deadline = peer.deadline(options_.introduction); deadline && *deadline <= now)
      peer.hang_up();
}

void StoreServer::Loop::deliver(SteadyTime now) {
  bool more = true;
  while (more) {
    more = false;
    send_messages();
    for (auto entry = peers_.begin(); entry != peers_.end();) {
      entry->second.flush(now);
      if (entry->second.gone()) {
        const uint64_t number = entry->first;
        entry = peers_.erase(entry);
        handler_.close(number, now);
        more = true;
      } else {
        ++entry;
      }
    }
  }
  publish();
}

void StoreServer::Loop::send_messages() {
  const std::vector<RequestHandler::OutgoingMessage> messages = handler_.take_messages();
  if (!messages.empty()) publish();  // before any member is told
  for (const RequestHandler::OutgoingMessage& message : messages) {
    const auto to = peers_.find(message.to);
    if (to != peers_.end()) to->second.send(message.frame);
  }
}

void StoreServer::Loop::publish() {
  const Membership& membership = handler_.membership();
  const std::lock_guard lock(mutex_);
  status_ = {.members = membership.living(),
             .generation = membership.generation(),
             .version = membership.newest_version(),
             .given_up = membership.given_up()};
}

StoreServer::StoreServer(StoreServerOptions options) : loop_(std::make_unique<Loop>(std::move(options))) {}

StoreServer::~StoreServer() = default;

int StoreServer::port() const { return loop_->port(); }

StoreServer::Status StoreServer::status() const { return loop_->status(); }

}  // namespace muster::inline rendezvous
