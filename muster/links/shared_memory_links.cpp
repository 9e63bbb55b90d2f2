#include "muster/links/shared_memory_links.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/host_meeting.h"
#include "muster/links/host_traffic.h"
#include "muster/links/rank_name.h"

namespace muster::inline links {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// A waiting rank polls for some time before it sleeps: longer where polling has paid, as it does while its
/// peers have processors of their own, and hardly at all where it has not.
constexpr microseconds shortest_look(4), longest_look(64);
/// One sleep lasts at most so long; the first ones are the shortest.
constexpr milliseconds first_sleep(1), longest_sleep(32);
/// How often a sleeping rank checks whether the others live.
constexpr milliseconds census_every(20);

void pause_a_moment() {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

class SharedMemoryLinks final : public Links {
 public:
  SharedMemoryLinks(HostSegment segment, std::vector<FileDescriptor> connections, int rank, int size,
                    std::vector<std::string> names)
      : rank_(rank),
        size_(size),
        names_(std::move(names)),
        connections_(std::move(connections)),
        gone_(static_cast<size_t>(size)),
        traffic_(std::make_shared<HostTraffic>(std::move(segment), rank, size)) {}

  ~SharedMemoryLinks() override {
    traffic_->bell(rank_).leave();
    for (int other = 0; other < size_; ++other)
      if (other != rank_) traffic_->bell(other).ring();
  }
  SharedMemoryLinks(const SharedMemoryLinks&) = delete;
  SharedMemoryLinks& operator=(const SharedMemoryLinks&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::unique_ptr<Transfer> send(std::span<const std::byte> message, int to, int tag) override {
    require_peer(to);
    return traffic_->to(to).add({traffic_, &traffic_->to(to)}, message, tag);
  }
  std::unique_ptr<Transfer> receive(std::span<std::byte> message, int from, int tag) override {
    require_peer(from);
    return traffic_->from(from).add({traffic_, &traffic_->from(from)}, message, tag);
  }
  std::unique_ptr<Transfer> receive_anywhere(size_t bytes, int from, int tag) override {
    require_peer(from);
    return traffic_->from(from).add_anywhere({traffic_, &traffic_->from(from)}, bytes, tag);
  }
  size_t largest_view() const override { return traffic_->slot_bytes(); }
  std::span<std::byte> room_for(size_t bytes, int to) override {
    require_peer(to);
    invariant(bytes > 0 && bytes <= largest_view(), "a message that is made in a slot fits there");
    return traffic_->to(to).room_for(bytes);
  }

  void wait(Transfer& transfer) override {
    auto& awaited = static_cast<HostTransfer&>(transfer);
    const Noted noted(waited_peer_, awaited.peer());
    milliseconds nap = first_sleep;
    while (goes_on(awaited)) {
      if (traffic_->advance(awaited.peer()) || look_for_a_moment(awaited.peer())) {
        nap = first_sleep;
      } else {
        sleep(awaited, nap);
        nap = std::min(2 * nap, longest_sleep);
      }
    }
  }

  std::optional<int> waits_for() const override {
    const int peer = waited_peer_.load(std::memory_order_relaxed);
    return peer < 0 ? std::nullopt : std::optional(peer);
  }
  std::string name_of(int rank) const override { return rank_name(names_, rank); }

  void interrupt() override {
    interrupted_.store(true);
    traffic_->bell(rank_).ring();
  }

 private:
  struct Noted {
    Noted(std::atomic<int>& where, int peer) : where_(where) {
      where_.store(peer, std::memory_order_relaxed);
    }
    ~Noted() { where_.store(-1, std::memory_order_relaxed); }
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    std::atomic<int>& where_;
  };

  void require_peer(int peer) const {
    invariant(peer >= 0 && peer < size_ && peer != rank_, "a message goes to another rank of the group");
  }
  [[noreturn]] void lose(int peer, const std::string& why) const {
    throw LostPeer(name_of(peer) + " is gone: " + why);
  }

  /// The transfer is not done yet. Throws where it never will be.
  bool goes_on(const HostTransfer& awaited) const {
    if (interrupted_.load(std::memory_order_relaxed))
      throw LostPeer(name_of(awaited.peer()) + " did not answer");
    if (!awaited.problem().empty()) throw LostPeer(name_of(awaited.peer()) + " " + awaited.problem());
    return !awaited.over();
  }

  /// Polls; true as soon as something has moved to or from the peer.
  bool look_for_a_moment(int peer) {
    const auto until = std::chrono::steady_clock::now() + look_;
    do {
      if (traffic_->advance_with(peer)) {
        look_ = std::min(2 * look_, longest_look);
        return true;
      }
      pause_a_moment();
    } while (std::chrono::steady_clock::now() < until);
    look_ = std::max(look_ / 2, shortest_look);
    return false;
  }

  void sleep(const HostTransfer& awaited, milliseconds at_most) {
    const int peer = awaited.peer();
    look_after_others();
    // What the peer sent before it left is received first: so whether it has left is read before the last
    // look for messages.
    const bool left = traffic_->bell(peer).left(), gone = gone_[static_cast<size_t>(peer)];
    Bell& own = traffic_->bell(rank_);
    const uint32_t rings = own.prepare_wait();
    const bool awake = traffic_->advance(peer) || awaited.over() || interrupted_.load();
    const bool lost = left || gone || traffic_->from(peer).broken();
    bool rung = true;
    if (!awake && !lost && !traffic_->from(peer).make_room()) rung = own.sleep(rings, at_most);
    own.end_wait();
    if (!rung) traffic_->make_room();
    if (awake) return;
    if (traffic_->from(peer).broken()) lose(peer, "it has written what is no message");
    if (left) lose(peer, "it has left the group");
    if (gone) lose(peer, "its process has ended");
  }

  /// Checks every census_every whether peers have ended: the kernel closes the connections of a process that
  /// ends.
  void look_after_others() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_census_) return;
    next_census_ = now + census_every;
    std::vector<pollfd> asked;
    for (const FileDescriptor& connection : connections_) asked.push_back({connection.number(), 0, 0});
    if (::poll(asked.data(), asked.size(), 0) <= 0) return;
    for (size_t other = 0; other < asked.size(); ++other)
      if (asked[other].revents != 0) gone_[other] = true;
  }

  int rank_, size_;
  std::vector<std::string> names_;
  std::vector<FileDescriptor> connections_;
  std::vector<bool> gone_;
  std::shared_ptr<HostTraffic> traffic_;
  microseconds look_ = longest_look;
  std::chrono::steady_clock::time_point next_census_{};
  std::atomic<int> waited_peer_{-1};
  std::atomic<bool> interrupted_{false};
};

}  // namespace

std::unique_ptr<Links> connect_shared_memory_links(KeyValues& store, const std::string& prefix, int rank,
                                                   int size, const LinkOptions& options,
                                                   const std::optional<LaneShape>& shape) {
  const LaneShape cut = shape.value_or(lane_shape_of(size));
  HostMeeting met = meet_on_host(store, prefix, rank, size, options, HostSegment::bytes_for(size, cut));
  HostSegment segment(std::move(met.memory), size, cut);
  segment.take_pages_of(rank);
  return std::make_unique<SharedMemoryLinks>(std::move(segment), std::move(met.connections), rank, size,
                                             options.names);
}

}  // namespace muster::inline links
