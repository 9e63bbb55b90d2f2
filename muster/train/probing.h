#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "muster/comm/averager.h"
#include "muster/flat/vector.h"
#include "muster/method/synchronous.h"
#include "muster/probe/look.h"

namespace muster::inline train {

/// The probes of a run: measures the averaged model between rounds, and the workers one step before a
/// meeting, and changes nothing. Constructed alike in all processes.
class Probing {
 public:
  /// `start`: the parameters that distances are measured from. `batch`: samples of a batch.
  Probing(const Task& task, std::vector<ProbeRequest> requests, int64_t batch, uint64_t seed, Vector start);

  /// Whether a probe is due after so many rounds.
  bool due(int64_t rounds) const;
  /// Whether the workers are probed in the `round`-th round.
  bool wants_workers(int64_t round) const;
  /// The number of steps from here to the point one step before the meeting, at least 1. REQUIRES:
  /// wants_workers() of the running or coming round.
  static int64_t steps_to_workers(const Synchronous& method);
  /// Measures how far apart the workers are, if this is one step before the meeting. Collective.
  void look_at_workers(Synchronous& method, Averager& averager, std::chrono::milliseconds patience);
  /// The values that are due after so many rounds, with those of look_at_workers() since the last call.
  ProbeValues look(int64_t rounds, const Vector& parameters);

 private:
  const Task& task_;
  std::vector<ProbeRequest> requests_;
  int64_t batch_;
  uint64_t seed_;
  Vector start_;
  ProbeValues seen_;  // of the workers
};

}  // namespace muster::inline train
