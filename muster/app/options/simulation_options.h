#pragma once

#include <cstdint>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/plan/event_simulation.h"

namespace muster::inline app {

/// The options of a simulated run, except its training, from a resolved configuration. `message_bytes`: of
/// the parameters, where async.message_bytes is not given. `shard_sizes`: samples of each shard; empty: all
/// alike. Throws OptionError.
SimulationOptions simulation_options(const Configuration& configuration, double message_bytes,
                                     std::vector<int64_t> shard_sizes = {});

/// How fast every worker is, with async.speed_trace read. Throws OptionError, FileError, DataError.
std::vector<SpeedCurve> simulated_speeds(const Configuration& configuration);

}  // namespace muster::inline app
