#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/links/group_watch.h"
#include "muster/rendezvous/waits.h"

namespace muster::inline links {

/// Options for connecting links.
struct LinkOptions {
  std::string interface;  ///< network interface, or an address or name of this host; empty: the default one
  std::chrono::milliseconds connect_within = std::chrono::minutes(5);
  std::shared_ptr<GroupWatch> watch{};  ///< may be null; a death ends connecting at once
  std::shared_ptr<Waits> waits{};       ///< may be null; notes who is waited for
  std::vector<std::string> names{};     ///< of the ranks, for messages; none: "rank 0", ...
};

/// A message under way to or from one peer. Destroying it gives up the message; its memory is not touched
/// afterwards.
class Transfer {
 public:
  virtual ~Transfer() = default;
  /// The bytes of a received message, after wait(): the memory that receive() was given, or, of
  /// receive_anywhere(), memory of the links, valid until the transfer is destroyed.
  virtual std::span<const std::byte> bytes() const = 0;
};

/// Messages between the ranks of a group, point to point. One thread sends, receives and waits; interrupt(),
/// waits_for() and name_of() may be called by any.
class Links {
 public:
  virtual ~Links() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Messages with one peer and tag arrive in the order they were sent in; lengths must match. The memory
  /// must live and stay as it is until wait() returned or the transfer is destroyed. Neither blocks: messages
  /// make progress in wait(), of this transfer or of any other.
  virtual std::unique_ptr<Transfer> send(std::span<const std::byte> message, int to, int tag) = 0;
  virtual std::unique_ptr<Transfer> receive(std::span<std::byte> message, int from, int tag) = 0;
  /// The same where the message may stay in memory of the links: links over shared memory then copy nothing.
  /// REQUIRES: at most largest_view() bytes, and at most one such transfer per peer alive at a time (a second
  /// one would wait for the first to be destroyed). Null where the links have no such memory, and
  /// largest_view() is 0 (the default).
  virtual std::unique_ptr<Transfer> receive_anywhere(size_t bytes, int from, int tag) {
    (void)bytes, (void)from, (void)tag;
    return nullptr;
  }
  virtual size_t largest_view() const { return 0; }
  /// Memory of the links in which to make a message of so many bytes (at least 1, at most largest_view()) to
  /// that rank: the next send() to it sends the message from there without a copy. Empty where there is none
  /// at the moment, or never (the default). The memory is not the caller's any more after send().
  virtual std::span<std::byte> room_for(size_t bytes, int to) {
    (void)bytes, (void)to;
    return {};
  }
  /// Returns when the message has left (its memory may be used again) or arrived. Throws LostPeer when the
  /// peer is gone, or interrupted.
  virtual void wait(Transfer& transfer) = 0;
  /// The rank that is waited for at present; by any thread.
  virtual std::optional<int> waits_for() const = 0;
  /// What a rank is called in messages.
  virtual std::string name_of(int rank) const = 0;
  /// Ends the present wait and all later ones with LostPeer. The links can only be destroyed then.
  virtual void interrupt() = 0;
};

}  // namespace muster::inline links
