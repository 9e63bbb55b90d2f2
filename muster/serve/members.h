#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/serve/applier.h"

namespace muster::inline serve {

/// A worker and its session: 64 random bits made when it joined, a secret of that worker.
struct MemberIdentity {
  int64_t worker = 0;
  int64_t session = 0;
  bool operator==(const MemberIdentity&) const = default;
};

/// The places that journal and applier must have reached before a decision may be told.
struct Settled {
  uint64_t in_journal = 0, in_vectors = 0;  ///< places in their orders
};

struct Member {
  int64_t session = 0;
  std::string name{};
  std::chrono::steady_clock::time_point heard{};  ///< of it, last
  std::shared_ptr<const StartingPoint> start{};   ///< of its round, until it has been fetched
  Settled given{};                                ///< its round
  double ready = 0, started = 0,
         received = 0;  ///< seconds of the run: waits, is given a round, has its start
  int64_t steps_done = 0, counted = 0, dropped = 0, last_staleness = 0;
  double last_loss = 0;
  int64_t bytes_in = 0, bytes_out = 0;
  bool knows = false;  ///< that the run has ended
};

/// The workers that are members. Not for two threads at once.
class Members {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Null where it is no member, or shows another session than its own; else it was heard now.
  Member* find(const MemberIdentity& who);
  Member& operator[](int64_t worker) { return members_[worker]; }
  const Member* of(int64_t worker) const;
  bool contains(int64_t worker) const { return members_.contains(worker); }
  void erase(int64_t worker) { members_.erase(worker); }
  int64_t count() const { return static_cast<int64_t>(members_.size()); }
  const std::map<int64_t, Member>& all() const { return members_; }

  /// The smallest number that nobody has.
  int64_t free_number() const;
  /// The workers not heard of since then.
  std::vector<int64_t> silent_since(Time then) const;
  /// Does not count that time as silence of the workers: nobody could be heard in it.
  void forgive(Time now, std::chrono::steady_clock::duration silence);
  void all_heard(Time now);
  bool all_know() const;

 private:
  std::map<int64_t, Member> members_;
};

}  // namespace muster::inline serve
