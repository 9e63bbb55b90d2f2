#include <algorithm>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>

#include "muster/base/error.h"
#include "muster/links/gloo_library_module.h"
#include "muster/links/gloo_meeting_module.h"
#include "muster/links/local_address.h"
#include "muster/links/rank_name.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline links {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a rank that waits for the others checks whether a member has died.
constexpr milliseconds gloo_look_every(50);

/// More than any address of Gloo's has.
constexpr size_t address_bytes = 1024;

constexpr const char* died = "a process died while the group formed";

}  // namespace

GlooMeeting::GlooMeeting(KeyValues& store, std::string prefix, int rank, int size, const LinkOptions& options)
    : store_(store),
      prefix_(std::move(prefix)),
      rank_(rank),
      size_(size),
      options_(options),
      deadline_(steady_clock::now() + options.connect_within),
      gloo_(open_gloo_library(gloo_library_places())) {
  const std::string address = local_address(options.interface);
  GlooFailure failure;
  group_ =
      gloo_.open(address.c_str(), rank, size, std::max<int64_t>(1, options.connect_within.count()), &failure);
  if (!group_) throw Error("no connections can be accepted at " + address + ": " + failure.text);
}

GlooMeeting::~GlooMeeting() {
  if (group_) gloo_.destroy_group(group_);
}

std::shared_ptr<GlooConnections> GlooMeeting::connect() {
  const Waits::Note note(options_.waits.get(), {.whom = "connections to the other ranks",
                                                .where = "of a group of " + std::to_string(size_),
                                                .until = deadline_});
  publish();
  connect_all();
  auto connections = std::make_shared<GlooConnections>(gloo_, group_, rank_, size_);
  group_ = nullptr;
  return connections;
}

/// The addresses at which this rank listens for each of the others, one after the other, all equally long.
void GlooMeeting::publish() {
  std::string all;
  for (int peer = 0; peer < size_; ++peer) {
    if (peer == rank_) continue;
    std::string one(address_bytes, '\0');
    GlooFailure failure;
    one.resize(gloo_.address(group_, peer, one.data(), one.size(), &failure));
    if (failure.failed) throw Error("Gloo has no address for " + name_of(peer) + ": " + failure.text);
    all += one;
  }
  store_.set(key(rank_), all);
}

void GlooMeeting::connect_all() {
  std::thread guard = quiet_thread([this] { close_when_in_vain(); });
  std::exception_ptr problem;
  int peer = 0;
  try {
    for (; peer < size_; ++peer)
      if (peer != rank_) connect_to(peer);
  } catch (...) {
    problem = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  end_.notify_all();
  guard.join();
  if (problem) std::rethrow_exception(problem);
  refuse_if_in_vain(size_ - 1);
}

void GlooMeeting::connect_to(int peer) {
  const std::string address = address_at(peer);
  GlooFailure failure;
  gloo_.connect(group_, peer, address.data(), address.size(), &failure);
  refuse_if_in_vain(peer);
  if (failure.failed) throw LostPeer("could not connect to " + name_of(peer) + ": " + failure.text);
}

/// Where that rank listens for this one.
std::string GlooMeeting::address_at(int peer) {
  const Waits::Note note(options_.waits.get(),
                         {.whom = name_of(peer), .where = "to send its address", .until = deadline_});
  while (!store_.wait({key(peer)}, std::min(options_.connect_within, gloo_look_every))) {
    if (options_.watch && options_.watch->broken()) throw LostPeer(died);
    if (steady_clock::now() >= deadline_)
      throw LostPeer(name_of(peer) + " did not send its address within " + time_given());
  }
  const auto all = store_.get(key(peer), options_.connect_within);
  if (!all) throw LostPeer("the store has lost a process's address");
  const size_t length = all->size() / static_cast<size_t>(size_ - 1);
  return all->substr(static_cast<size_t>(rank_ > peer ? rank_ - 1 : rank_) * length, length);
}

/// Gloo waits for a peer five times as long as it was told: only closing the connections ends its wait.
void GlooMeeting::close_when_in_vain() {
  std::unique_lock lock(mutex_);
  while (!dead_ && !late_) {
    const auto look = std::min(steady_clock::now() + gloo_look_every, deadline_);
    if (end_.wait_until(lock, look, [this] { return ended_; })) return;
    lock.unlock();
    const bool dead = options_.watch && options_.watch->broken();
    lock.lock();
    dead_ = dead;
    late_ = steady_clock::now() >= deadline_;
  }
  lock.unlock();
  for (int peer = 0; peer < size_; ++peer)
    if (peer != rank_) gloo_.close(group_, peer);
}

void GlooMeeting::refuse_if_in_vain(int peer) {
  const std::lock_guard lock(mutex_);
  if (dead_) throw LostPeer(died);
  if (late_) throw LostPeer(name_of(peer) + " did not connect within " + time_given());
}

std::string GlooMeeting::key(int rank) const { return prefix_ + "address_" + std::to_string(rank); }
std::string GlooMeeting::name_of(int peer) const { return rank_name(options_.names, peer); }
std::string GlooMeeting::time_given() const {
  return std::to_string(options_.connect_within.count()) + " ms";
}

}  // namespace muster::inline links
