#include "muster/links/thread_links.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <utility>

#include "muster/base/error.h"
#include "muster/links/rank_name.h"

namespace muster::inline links {

namespace {

constexpr size_t largest_shown = size_t{1} << 20;

struct Message {
  int tag;
  std::vector<std::byte> bytes{};
};

/// A message that a receiver has asked for. A receiver that gives it up drops its pointer; the message is
/// still consumed here.
struct Wish {
  Message message;
  bool come = false;
};

/// The queue from one rank to another. For each tag it holds messages or wishes, never both.
class Box {
 public:
  void put(Message message) {
    const auto wished = std::find_if(wishes_.begin(), wishes_.end(), [&](const std::shared_ptr<Wish>& wish) {
      return wish->message.tag == message.tag;
    });
    if (wished == wishes_.end()) return messages_.push_back(std::move(message));
    **wished = {std::move(message), true};
    wishes_.erase(wished);
  }
  std::shared_ptr<Wish> ask(int tag) {
    auto wish = std::make_shared<Wish>(Wish{.message = {.tag = tag}});
    const auto there = std::find_if(messages_.begin(), messages_.end(),
                                    [&](const Message& message) { return message.tag == tag; });
    if (there == messages_.end()) {
      wishes_.push_back(wish);
      return wish;
    }
    *wish = {std::move(*there), true};
    messages_.erase(there);
    return wish;
  }

 private:
  std::list<Message> messages_;
  std::list<std::shared_ptr<Wish>> wishes_;
};

/// What all ranks of a group share; the mutex guards all of it.
struct Group {
  explicit Group(int ranks)
      : size(ranks), boxes(static_cast<size_t>(ranks * ranks)), gone(static_cast<size_t>(ranks)) {}
  Box& box(int from, int to) { return boxes[static_cast<size_t>(from * size + to)]; }
  bool is_gone(int rank) const { return gone[static_cast<size_t>(rank)]; }

  const int size;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Box> boxes;
  std::vector<bool> gone;  // by rank
};

class ThreadTransfer final : public Transfer {
 public:
  /// A sent message: handed over, or (`lost`) not.
  ThreadTransfer(int to, std::span<const std::byte> message, bool lost)
      : peer_(to), lost_(lost), bytes_(message) {}
  /// A message to receive: into the caller's memory, or (null) kept here and shown.
  ThreadTransfer(int from, std::shared_ptr<Wish> wish, std::byte* into, size_t bytes)
      : peer_(from), wish_(std::move(wish)), into_(into), bytes_(into, bytes) {}

  std::span<const std::byte> bytes() const override { return bytes_; }
  int peer() const { return peer_; }
  bool over() const { return wish_ ? wish_->come : !lost_; }
  /// Takes the message once it has arrived. False where its length is not the one asked for.
  bool take() {
    if (!wish_) return true;
    const std::vector<std::byte>& come = wish_->message.bytes;
    if (come.size() != bytes_.size()) return false;
    if (into_ == nullptr)
      bytes_ = come;
    else
      std::copy(come.begin(), come.end(), into_);
    return true;
  }

 private:
  int peer_;
  bool lost_ = false;
  std::shared_ptr<Wish> wish_;
  std::byte* into_ = nullptr;
  std::span<const std::byte> bytes_;
};

class ThreadLinks final : public Links {
 public:
  ThreadLinks(std::shared_ptr<Group> group, int rank, const std::vector<std::string>& names)
      : group_(std::move(group)), rank_(rank), names_(names) {}
  ~ThreadLinks() override {
    const std::lock_guard lock(group_->mutex);
    group_->gone[static_cast<size_t>(rank_)] = true;
    group_->changed.notify_all();
  }
  ThreadLinks(const ThreadLinks&) = delete;
  ThreadLinks& operator=(const ThreadLinks&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return group_->size; }

  std::unique_ptr<Transfer> send(std::span<const std::byte> message, int to, int tag) override {
    require_peer(to);
    const std::lock_guard lock(group_->mutex);
    const bool lost = group_->is_gone(to);
    if (!lost) group_->box(rank_, to).put({tag, {message.begin(), message.end()}});
    group_->changed.notify_all();
    return std::make_unique<ThreadTransfer>(to, message, lost);
  }
  std::unique_ptr<Transfer> receive(std::span<std::byte> message, int from, int tag) override {
    return ask(from, tag, message.data(), message.size());
  }
  std::unique_ptr<Transfer> receive_anywhere(size_t bytes, int from, int tag) override {
    invariant(bytes <= largest_shown, "a message to be seen in the links' memory fits there");
    return ask(from, tag, nullptr, bytes);
  }
  size_t largest_view() const override { return largest_shown; }

  void wait(Transfer& transfer) override {
    auto& awaited = static_cast<ThreadTransfer&>(transfer);
    const int peer = awaited.peer();
    std::unique_lock lock(group_->mutex);
    waited_peer_ = peer;
    group_->changed.wait(lock, [&] { return interrupted_ || awaited.over() || group_->is_gone(peer); });
    waited_peer_.reset();
    if (interrupted_) throw LostPeer(name_of(peer) + " did not answer");
    if (!awaited.over()) throw LostPeer(name_of(peer) + " is gone: it has left the group");
    if (!awaited.take())
      throw LostPeer(name_of(peer) + " sent a message of another length than was expected");
  }

  std::optional<int> waits_for() const override {
    const std::lock_guard lock(group_->mutex);
    return waited_peer_;
  }
  std::string name_of(int rank) const override { return rank_name(names_, rank); }
  void interrupt() override {
    const std::lock_guard lock(group_->mutex);
    interrupted_ = true;
    group_->changed.notify_all();
  }

 private:
  void require_peer(int peer) const {
    invariant(peer >= 0 && peer < group_->size && peer != rank_,
              "a message goes to another rank of the group");
  }
  std::unique_ptr<Transfer> ask(int from, int tag, std::byte* into, size_t bytes) {
    require_peer(from);
    const std::lock_guard lock(group_->mutex);
    return std::make_unique<ThreadTransfer>(from, group_->box(from, rank_).ask(tag), into, bytes);
  }

  std::shared_ptr<Group> group_;
  int rank_;
  std::vector<std::string> names_;
  std::optional<int> waited_peer_;  // this and the next are guarded by the group's mutex
  bool interrupted_ = false;
};

}  // namespace

std::vector<std::unique_ptr<Links>> make_thread_links(int size, const std::vector<std::string>& names) {
  const auto group = std::make_shared<Group>(size);
  std::vector<std::unique_ptr<Links>> links;
  for (int rank = 0; rank < size; ++rank) links.push_back(std::make_unique<ThreadLinks>(group, rank, names));
  return links;
}

}  // namespace muster::inline links
