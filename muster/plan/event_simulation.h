#pragma once

#include <cstdint>
#include <vector>

#include "muster/plan/simulation_tally.h"
#include "muster/plan/virtual_clock.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/staleness_weight.h"

namespace muster::inline plan {

/// The options of a simulated run, apart from the training.
struct SimulationOptions {
  DeviceOptions devices;
  std::vector<Outage> outages;
  VirtualLinkOptions link;
  DispatchOptions dispatch;
  StalenessWeightOptions weight;
  int64_t total_steps = 0;     ///< local steps of all workers together, after which the run ends
  int64_t evaluate_every = 0;  ///< in these steps; 0: never
  bool speeds_known = true;    ///< the dispatcher knows the speeds; otherwise it measures them
};

/// Simulates a whole asynchronous run without training: arrival times, staleness and traffic. The dispatcher
/// and the clock are those of a simulated run with training, so all times and counts are the same. A run of
/// 10^4 workers and 10^6 arrivals takes seconds.
class EventSimulation {
 public:
  EventSimulation(const SimulationOptions& options, std::vector<SpeedCurve> speeds);

  /// Advances to the next arrival; false when the run is over or no worker is left.
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

}  // namespace muster::inline plan
