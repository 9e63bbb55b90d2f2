#include <chrono>
#include <system_error>
#include <utility>

#include "muster/links/gloo_connections_module.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline links {

namespace {

/// When a connection has been lost, each of its messages is either through already or never will be. Gloo can
/// only be asked by a wait: it returns at once when the message is through, and after this time when not.
constexpr auto shortly = std::chrono::milliseconds(100);

}  // namespace

GlooConnections::GlooConnections(const GlooFunctions& gloo, GlooGroup* group, int rank, int size)
    : gloo_(gloo),
      group_(group),
      rank_(rank),
      size_(size),
      lost_(static_cast<size_t>(size)),
      thread_(quiet_thread([this] { watch(); })) {}

GlooConnections::~GlooConnections() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
    if (sentinel_) gloo_.abort(sentinel_);
  }
  thread_.join();
  gloo_.destroy_group(group_);
}

void GlooConnections::watch() {
  std::vector<int> peers;
  for (int peer = 0; peer < size_; ++peer)
    if (peer != rank_) peers.push_back(peer);
  while (!peers.empty()) {
    GlooFailure failure;
    GlooMessage* const sentinel = gloo_.sentinel(group_, &failure);
    if (!sentinel) return;  // no memory: only the group's own watch then notices deaths
    bool leaving = false;
    {
      const std::lock_guard lock(mutex_);
      leaving = leaving_;
      sentinel_ = sentinel;
    }
    arm(sentinel, peers);
    const GlooWait ended = leaving || peers.empty() ? gloo_aborted : gloo_.wait(sentinel, &failure);
    {
      const std::lock_guard lock(mutex_);
      sentinel_ = nullptr;
    }
    gloo_.destroy_message(sentinel);
    if (ended == gloo_aborted) return;
  }
}

/// Makes the sentinel watch the peers; those that it cannot watch have been lost, and leave the list.
void GlooConnections::arm(GlooMessage* sentinel, std::vector<int>& peers) {
  std::erase_if(peers, [&](int peer) {
    GlooFailure failure;
    gloo_.watch(sentinel, group_, peer, &failure);
    if (failure.failed) lose(peer, failure.text);
    return failure.failed;
  });
}

void GlooConnections::lose(int peer, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  std::string& known = lost_[static_cast<size_t>(peer)];
  if (known.empty()) known = reason.empty() ? "the connection is lost" : reason;
  if (awaited_ && peer_ == peer) gloo_.abort(awaited_);
}

std::string GlooConnections::lost(int peer) const {
  const std::lock_guard lock(mutex_);
  return lost_[static_cast<size_t>(peer)];
}

GlooMessage* GlooConnections::send(const void* bytes, size_t length, int to, int tag, std::string& reason) {
  reason = lost(to);
  if (!reason.empty()) return nullptr;
  GlooFailure failure;
  GlooMessage* const message = gloo_.send(group_, bytes, length, to, tag, &failure);
  reason = failure.text;
  return message;
}

GlooMessage* GlooConnections::receive(void* bytes, size_t length, int from, int tag, std::string& reason) {
  reason = lost(from);
  if (!reason.empty()) return nullptr;
  GlooFailure failure;
  GlooMessage* const message = gloo_.receive(group_, bytes, length, from, tag, &failure);
  reason = failure.text;
  return message;
}

bool GlooConnections::wait(GlooMessage* message, int peer, std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (interrupted_) return false;
    awaited_ = message;
    peer_ = peer;
    reason = lost_[static_cast<size_t>(peer)];
  }
  GlooFailure failure;
  GlooWait ended = gloo_aborted;
  if (reason.empty()) ended = gloo_.wait(message, &failure);
  if (ended == gloo_aborted) {
    reason = lost(peer);
    if (!reason.empty()) ended = wait_shortly(message, failure);
  }
  const std::lock_guard lock(mutex_);
  awaited_ = nullptr;
  peer_.reset();
  if (ended == gloo_failed) reason = failure.text;
  if (interrupted_ && ended != gloo_failed) reason.clear();
  return ended == gloo_done && !interrupted_;
}

GlooWait GlooConnections::wait_shortly(GlooMessage* message, GlooFailure& failure) const {
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false;
  std::thread clock;
  try {
    clock = quiet_thread([&] {
      std::unique_lock lock(mutex);
      if (!ended.wait_for(lock, shortly, [&] { return over; })) gloo_.abort(message);
    });
  } catch (const std::system_error&) {
    return gloo_aborted;  // no more threads can be made: treated as not through
  }
  const GlooWait how = gloo_.wait(message, &failure);
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  ended.notify_all();
  clock.join();
  return how;
}

void GlooConnections::give_up(GlooMessage* message, int peer, bool through) {
  bool matters = false;
  {
    const std::lock_guard lock(mutex_);
    matters = !through && !interrupted_ && lost_[static_cast<size_t>(peer)].empty();
  }
  GlooFailure failure;
  if (matters) through = wait_shortly(message, failure) == gloo_done;
  gloo_.destroy_message(message);
  if (!matters || through) return;
  lose(peer, "a message with it was given up");
  gloo_.close(group_, peer);
}

std::optional<int> GlooConnections::waits_for() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

void GlooConnections::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (awaited_) gloo_.abort(awaited_);
}

}  // namespace muster::inline links
