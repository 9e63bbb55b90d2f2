#pragma once

#include <cstdint>
#include <vector>

#include "muster/plan/virtual_clock.h"

namespace muster::inline plan {

/// Seconds that one worker of a simulated run has spent on each activity, in rounds that ended.
struct WorkerTally {
  int64_t rounds = 0;       ///< that ended
  int64_t local_steps = 0;  ///< in them
  double compute = 0;
  double send = 0;  ///< transfer of parameters to it and of contributions from it
  double wait = 0;  ///< ready, but not yet started
  int64_t rounds_lost = 0;
};

/// Accumulates the statistics of a simulated asynchronous run, with training or without.
class SimulationTally {
 public:
  /// An evaluation is due whenever the local steps of all workers together reach a multiple of
  /// `evaluate_every` (0: never).
  SimulationTally(int64_t workers, double message_bytes, int64_t evaluate_every);

  /// A round ended. `staleness`: versions since its start; `applied`: it made a new version. Returns the
  /// number of evaluations that are due now.
  int64_t arrived(const Assignment& assignment, const RoundTimes& times, int64_t staleness, bool applied);
  void left(int64_t worker, bool with_open_round);
  /// A worker got its first parameters, or its next ones after `ready_since`.
  void started(int64_t worker, double ready_since, double now);

  int64_t local_steps() const { return local_steps_; }
  int64_t arrivals() const { return arrivals_; }
  int64_t versions() const { return versions_; }
  double staleness_mean() const;
  int64_t staleness_max() const { return staleness_max_; }
  /// Number of applied contributions by staleness, from 0 on; the last of 1,024 entries counts larger ones
  /// too.
  const std::vector<int64_t>& staleness() const { return staleness_; }
  double seconds() const { return seconds_; }  ///< of the newest arrival
  const std::vector<double>& evaluation_times() const { return evaluation_times_; }
  const std::vector<WorkerTally>& workers() const { return workers_; }
  double bytes_received() const { return bytes_received_; }  ///< by the server
  double bytes_sent() const { return bytes_sent_; }
  /// Share of all workers' time, from the start to the newest arrival, spent computing.
  double utilisation() const;

 private:
  std::vector<WorkerTally> workers_;
  double message_bytes_;
  int64_t evaluate_every_;
  int64_t local_steps_ = 0, arrivals_ = 0, versions_ = 0, staleness_sum_ = 0, staleness_max_ = 0;
  std::vector<int64_t> staleness_;
  std::vector<double> evaluation_times_;
  double seconds_ = 0, bytes_received_ = 0, bytes_sent_ = 0;
};

}  // namespace muster::inline plan
