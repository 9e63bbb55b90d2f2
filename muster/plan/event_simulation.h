#pragma once

#include <cstdint>
#include <vector>

#include "muster/plan/simulation_tally.h"
#include "muster/plan/virtual_clock.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/staleness_weight.h"

namespace muster {

/// What a simulated run is made of, but for the training.
struct SimulationOptions {
  DeviceOptions devices;
  std::vector<Outage> outages;
  VirtualLinkOptions link;
  DispatchOptions dispatch;
  StalenessWeightOptions weight;
  int64_t total_steps = 0;     ///< local steps of all workers together, at which it ends
  int64_t evaluate_every = 0;  ///< in these steps; 0: never
  bool speeds_known = true;    ///< to the dispatcher; otherwise it measures them
};

/// Walks a whole asynchronous run without training: who arrives when, how stale, with how much traffic. The
/// dispatcher and the clock are those of a simulated run with training, so all times and counts are its own.
/// A run of 10^4 workers and 10^6 arrivals takes seconds.
class EventSimulation {
 public:
  EventSimulation(const SimulationOptions& options, std::vector<SpeedCurve> speeds);

  /// One arrival further; false when the run is over (or nobody is left to work).
  bool advance();

  /// The newest arrival.
  struct Arrival {
    Assignment assignment;
    RoundTimes times;
    double ready_since = 0;  ///< the worker waited from then to times.start
    int64_t staleness = 0;
    bool applied = true;  ///< false: dropped as too stale
  };
  const Arrival& newest() const { return newest_; }
  const SimulationTally& tally() const { return tally_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }

 private:
  void release();

  SimulationOptions options_;
  Dispatcher dispatcher_;
  PolynomialWeight weight_;
  VirtualClock clock_;
  SimulationTally tally_;
  std::vector<double> ready_since_, waited_from_;
  Arrival newest_;
};

}  // namespace muster
