#include "muster/comm/thread_group.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "muster/base/error.h"
#include "muster/comm/codec/message_check.h"
#include "muster/comm/local_mean.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

enum class Kind { mean, exchange, gather, broadcast };

/// What one rank brings to an operation: copies of what it sends, and where it receives.
struct Entry {
  bool arrived = false;
  int root = 0;
  std::vector<Vector> sent{};
  std::vector<Vector> received{};
};

/// One collective operation. Guarded by the group's mutex until it is complete; constant afterwards.
struct Operation {
  Operation(Kind which, int ranks) : kind(which), entries(static_cast<size_t>(ranks)) {}
  Kind kind;
  std::vector<Entry> entries;
  int arrived = 0;
  bool computing = false;  // all have arrived: it will be complete, whatever becomes of the group
  bool complete = false;
  Vector mean;
  std::string mismatch;  // why no rank gets a result; empty when all is well
};

/// The vector that rank `from` sends to rank `to`.
const Vector& sent(const Operation& operation, size_t from, size_t to) {
  const auto& parts = operation.entries[from].sent;
  return operation.kind == Kind::exchange ? parts[to] : parts[0];
}

std::string find_mismatch(const Operation& operation) {
  const auto& entries = operation.entries;
  const bool alike = operation.kind == Kind::mean || operation.kind == Kind::broadcast;
  for (size_t rank = 0; rank < entries.size(); ++rank) {
    if (alike && !same_form(entries[rank].sent[0], entries[0].sent[0]))
      return "rank " + std::to_string(rank) + " brought " + describe(entries[rank].sent[0]) + ", rank 0 " +
             describe(entries[0].sent[0]);
    if (entries[rank].root != entries[0].root)
      return "rank " + std::to_string(rank) + " named root " + std::to_string(entries[rank].root) +
             ", rank 0 root " + std::to_string(entries[0].root);
    if (alike) continue;
    for (size_t from = 0; from < entries.size(); ++from)
      if (!same_form(sent(operation, from, rank), entries[rank].received[from]))
        return "rank " + std::to_string(rank) + " expects " + describe(entries[rank].received[from]) +
               " from rank " + std::to_string(from) + ", which sends " +
               describe(sent(operation, from, rank));
  }
  return {};
}

void compute(Operation& operation) {
  if (operation.mismatch.empty()) operation.mismatch = find_mismatch(operation);
  if (!operation.mismatch.empty() || operation.kind != Kind::mean) return;
  std::vector<Vector> vectors;
  for (const Entry& entry : operation.entries) vectors.push_back(entry.sent[0]);
  operation.mean = flat_vector(vectors[0].size(), vectors[0].type());
  ThreadPool alone(1);
  local_mean(vectors, operation.mean, {.divergence = false, .write_back = false}, alone);
}

/// Called by the owner of rank `rank`'s vectors, when the operation is complete and constant.
void deliver(Operation& operation, size_t rank) {
  if (!operation.mismatch.empty()) throw Error("the ranks do not agree: " + operation.mismatch);
  Entry& mine = operation.entries[rank];
  switch (operation.kind) {
    case Kind::mean:
      mine.received[0].copy_from(operation.mean);
      return;
    case Kind::broadcast:
      mine.received[0].copy_from(operation.entries[static_cast<size_t>(mine.root)].sent[0]);
      return;
    case Kind::exchange:
    case Kind::gather:
      for (size_t from = 0; from < mine.received.size(); ++from)
        mine.received[from].copy_from(sent(operation, from, rank));
  }
}

class Group {
 public:
  Group(int ranks, std::chrono::milliseconds patience) : ranks_(ranks), patience_(patience) {}
  int size() const { return ranks_; }
  std::chrono::milliseconds patience() const { return patience_; }

  /// Hands in rank `rank`'s entry to operation number `number`.
  std::shared_ptr<Operation> enter(int64_t number, int rank, Kind kind, Entry entry) {
    std::unique_lock lock(mutex_);
    auto& slot = operations_[number];
    if (!slot) slot = std::make_shared<Operation>(kind, ranks_);
    const std::shared_ptr<Operation> operation = slot;
    if (operation->kind != kind)
      operation->mismatch = "rank " + std::to_string(rank) + " called another operation";
    entry.arrived = true;
    operation->entries[static_cast<size_t>(rank)] = std::move(entry);
    if (++operation->arrived == ranks_) {
      operations_.erase(number);
      if (lost_.empty()) finish(*operation, lock);
    }
    return operation;
  }

  /// Returns when the operation is complete; throws LostPeer when it will not be, or not in time.
  void await(const Operation& operation, Deadline deadline) {
    std::unique_lock lock(mutex_);
    const bool in_time =
        changed_.wait_until(lock, deadline, [&] { return operation.complete || !lost_.empty(); });
    if (operation.complete) return;
    if (!in_time) lose(missing(operation) + " did not answer before the deadline");
    throw LostPeer(lost_);
  }

  void leave(int rank) {
    std::lock_guard lock(mutex_);
    if (lost_.empty()) lose("rank " + std::to_string(rank) + " has left the group");
  }

 private:
  // Computes without the lock: nobody touches an operation in which all have arrived. Called with the lock
  // held.
  void finish(Operation& operation, std::unique_lock<std::mutex>& lock) {
    operation.computing = true;
    lock.unlock();
    try {
      compute(operation);
    } catch (const std::exception& failure) {
      operation.mismatch = failure.what();
    }
    lock.lock();
    operation.complete = true;
    changed_.notify_all();
  }

  void lose(const std::string& why) {
    lost_ = why;
    changed_.notify_all();
  }

  static std::string missing(const Operation& operation) {
    for (size_t rank = 0; rank < operation.entries.size(); ++rank)
      if (!operation.entries[rank].arrived) return "rank " + std::to_string(rank);
    return "the last rank";
  }

  const int ranks_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, std::shared_ptr<Operation>> operations_;
  std::string lost_;  // why the group is broken; empty while it is whole
};

class InGroup final : public Pending {
 public:
  InGroup(std::shared_ptr<Group> group, std::shared_ptr<Operation> operation, int rank)
      : group_(std::move(group)), operation_(std::move(operation)), rank_(rank) {}
  void wait(Deadline deadline) override {
    group_->await(*operation_, deadline);
    deliver(*operation_, static_cast<size_t>(rank_));
  }

 private:
  std::shared_ptr<Group> group_;
  std::shared_ptr<Operation> operation_;
  int rank_;
};

class ThreadRank final : public Communicator {
 public:
  ThreadRank(std::shared_ptr<Group> group, int rank) : group_(std::move(group)), rank_(rank) {}
  ~ThreadRank() override { group_->leave(rank_); }

  int rank() const override { return rank_; }
  int size() const override { return group_->size(); }

  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    require_averageable(vector, mean);
    return start(Kind::mean, {.sent = {vector.copy()}, .received = {mean}});
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    require_one_per_rank(parts, size(), "parts");
    require_one_per_rank(received, size(), "vectors to receive into");
    Entry entry{.received = received};
    for (const Vector& part : parts) entry.sent.push_back(part.copy());
    return start(Kind::exchange, std::move(entry));
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    require_message(part);
    require_one_per_rank(received, size(), "vectors to receive into");
    return start(Kind::gather, {.sent = {part.copy()}, .received = received});
  }
  void broadcast(Vector& vector, int root) override {
    require_message(vector);
    if (root < 0 || root >= size())
      throw Error("broadcast from rank " + std::to_string(root) + " in a group of " + std::to_string(size()));
    start(Kind::broadcast, {.root = root, .sent = {vector.copy()}, .received = {vector}})
        ->wait(deadline_in(group_->patience()));
  }

 private:
  std::unique_ptr<Pending> start(Kind kind, Entry entry) {
    return std::make_unique<InGroup>(group_, group_->enter(next_++, rank_, kind, std::move(entry)), rank_);
  }

  std::shared_ptr<Group> group_;
  int rank_;
  int64_t next_ = 0;  // every rank counts alike, which is how their calls find each other
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> ThreadGroup::make(int ranks, std::chrono::milliseconds patience) {
  invariant(ranks >= 1, "a group needs at least one rank");
  const auto group = std::make_shared<Group>(ranks, patience);
  std::vector<std::unique_ptr<Communicator>> members;
  for (int rank = 0; rank < ranks; ++rank) members.push_back(std::make_unique<ThreadRank>(group, rank));
  return members;
}

}  // namespace muster::inline comm
