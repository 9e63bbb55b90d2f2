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

namespace muster {

/// The probes of a run: looks at the averaged model between rounds, and at the workers one step before a
/// meeting, and changes nothing. Made alike in all processes.
class Probing {
 public:
  /// `start`: the parameters that distances are measured from. `batch`: samples of a batch.
  Probing(const Task& task, std::vector<ProbeRequest> requests, int64_t batch, uint64_t seed, Vector start);

  /// After so many rounds something is looked at.
  bool due(int64_t rounds) const;
  /// The workers are looked at in the round that will be the `round`-th.
  bool wants_workers(int64_t round) const;
  /// How many steps to take at most from here to come to stand one step before the meeting. REQUIRES:
  /// wants_workers of the running or coming round.
  static int64_t steps_to_workers(const Synchronous& method);
  /// Remembers how far apart the workers are, if this is one step before the meeting. Collective.
  void look_at_workers(Synchronous& method, Averager& averager, std::chrono::milliseconds patience);
  /// What is due after so many rounds, with what look_at_workers() saw since the last call.
  ProbeValues look(int64_t rounds, const Vector& parameters);

 private:
  const Task& task_;
  std::vector<ProbeRequest> requests_;
  int64_t batch_;
  uint64_t seed_;
  Vector start_;
  ProbeValues seen_;  // of the workers
};

}  // namespace muster
