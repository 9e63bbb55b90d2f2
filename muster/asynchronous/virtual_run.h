#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "muster/asynchronous/async_server.h"
#include "muster/asynchronous/async_worker.h"
#include "muster/asynchronous/event_log.h"
#include "muster/base/thread_pool.h"
#include "muster/plan/simulation_tally.h"
#include "muster/plan/virtual_clock.h"

namespace muster::inline asynchronous {

struct VirtualRunOptions {
  int64_t total_steps = 0;     ///< local steps of all workers together, at which the run ends
  int64_t evaluate_every = 0;  ///< in these steps; 0: never
  double message_bytes = 0;    ///< of the parameters, and of a contribution
  bool speeds_known = true;    ///< to the server; otherwise it measures them
};

/// What a run is put together from. What is borrowed must outlive it.
struct VirtualRunParts {
  AsyncServer& server;  ///< that nobody has joined yet
  VirtualClock& clock;
  ThreadPool& pool;
  std::vector<std::unique_ptr<AsyncWorker>> workers;  ///< as many as the clock has
  EventLogWriter* record = nullptr;                   ///< gets every event; null: no record
};

/// One round that ended.
struct VirtualArrival {
  Assignment assignment;
  RoundTimes times;
  double ready_since = 0;  ///< the worker waited from then to times.start
  Verdict verdict = Verdict::counted;
  int64_t staleness = 0;
  double loss = 0;                ///< mean training loss of its steps
  bool far_above_median = false;  ///< counted although its norm is far above the running median
  int64_t evaluations_due = 0;
};

/// An asynchronous run in virtual time (Liu et al. 2024 simulate theirs likewise): the real server and the
/// real workers, whose rounds take the time that the clock says. The same bits on any number of threads.
class VirtualRun {
 public:
  VirtualRun(VirtualRunParts parts, const VirtualRunOptions& options);

  /// One arrival further, or nothing when the run is over (or nobody is left to work). Throws NonFiniteError.
  std::optional<VirtualArrival> advance();
  const SimulationTally& tally() const { return tally_; }
  const AsyncServer& server() const { return parts_.server; }

 private:
  /// A round under way: its steps are computed when their outcome is first needed.
  struct Round {
    Vector start;
    std::optional<Contribution> contribution;
  };

  EventOutcome apply(const ServerEvent& event);
  void join(const VirtualEvent& event);
  void leave(const VirtualEvent& event);
  void release(double time);
  VirtualArrival arrive(const VirtualEvent& event);
  void work_out(size_t wanted);

  VirtualRunParts parts_;
  VirtualRunOptions options_;
  SimulationTally tally_;
  std::vector<Round> rounds_;
  std::vector<double> ready_since_, waited_from_;
};

}  // namespace muster::inline asynchronous
