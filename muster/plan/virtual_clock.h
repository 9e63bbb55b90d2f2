#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "muster/plan/device_speeds.h"
#include "muster/schedule/dispatch.h"

namespace muster::inline plan {

/// The cost of a message between the server and a worker, in either direction.
struct VirtualLinkOptions {
  double latency = 0;           ///< async.latency, seconds, >= 0
  double bytes_per_second = 0;  ///< of a worker's link; 0: no limit
  double message_bytes = 0;     ///< of the parameters and of a contribution alike
  double seconds() const { return latency + (bytes_per_second > 0 ? message_bytes / bytes_per_second : 0); }
};

/// One round of one worker in virtual time, in seconds.
struct RoundTimes {
  double start = 0;     ///< the server sends the parameters
  double received = 0;  ///< the worker has them and computes
  double computed = 0;  ///< the worker sends its contribution
  double arrived = 0;   ///< the server has the contribution
  bool operator==(const RoundTimes&) const = default;
};

/// The next event in virtual time.
struct VirtualEvent {
  enum class Kind { arrived, left, joined, released, ended };
  Kind kind = Kind::ended;
  double time = 0;
  int64_t worker = 0;  ///< not set for released and ended
};

/// The clock of a simulated asynchronous run: gives the next event. It neither trains nor decides; the caller
/// passes its events on to a Dispatcher (or a server that has one):
///
///     VirtualClock clock(speeds, outages, link);
///     while (!enough) switch (const VirtualEvent event = clock.next(dispatcher); event.kind) {
///       case joined, left, arrived:  tell the dispatcher
///       case released:               for (a : dispatcher.release(version)) clock.start(a);
///       case ended:                  nobody is left
///     }
///
/// Events of the same time come in the order of their kinds above, then by worker, so a run is repeatable to
/// the bit. Ready workers are released when the next worker would become ready only after the grace window
/// (Dispatcher), at the time at which the last one became ready; or at once where no other worker is in a
/// round.
class VirtualClock {
 public:
  /// All workers join at 0.
  VirtualClock(std::vector<SpeedCurve> speeds, const std::vector<Outage>& outages,
               const VirtualLinkOptions& link);

  /// REQUIRES: the dispatcher has been told all events so far, and start() was called for each assignment.
  VirtualEvent next(const Dispatcher& dispatcher);
  /// The round begins now, at the time of the newest event.
  const RoundTimes& start(const Assignment& assignment);

  double now() const { return now_; }
  /// The worker's last round that was started.
  const RoundTimes& round_of(int64_t worker) const { return rounds_.at(static_cast<size_t>(worker)); }
  double seconds_per_step(int64_t worker) const {
    return speeds_.at(static_cast<size_t>(worker)).seconds_per_step_at(now_);
  }
  int64_t workers() const { return static_cast<int64_t>(speeds_.size()); }

 private:
  struct Entry {
    double time;
    VirtualEvent::Kind kind;
    int64_t worker;
    int64_t round;  ///< of an arrival: its number in round_numbers_, which tells arrivals of lost rounds
    bool operator>(const Entry& other) const;
  };
  bool outdated(const Entry& entry) const;

  std::vector<SpeedCurve> speeds_;
  VirtualLinkOptions link_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::vector<RoundTimes> rounds_;
  std::vector<int64_t> round_numbers_;  // of each worker's present round; changed when the worker leaves
  double now_ = 0;
};

}  // namespace muster::inline plan
