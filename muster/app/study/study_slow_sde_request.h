#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "muster/app/options/help.h"
#include "muster/theory/slow_sde/diagonal_net.h"
#include "muster/theory/slow_sde/hyperbola.h"
#include "muster/theory/slow_sde/replica_simulation.h"
#include "muster/theory/slow_sde/slow_sde_plan.h"
#include "muster/theory/slow_sde/valley.h"

namespace muster::inline app {

class Catalogue;

using SlowSdeProblem = std::variant<HyperbolaOptions, ValleyOptions, DiagonalNetOptions>;

/// One run to simulate and to integrate.
struct SlowSdeCase {
  std::string name;  ///< what distinguishes it from the others of a scan
  std::string rule;  ///< schedule.rule
  SlowSdeProblem problem;
  SlowSdePlan plan;
  int64_t replicas = 256;
};

/// What `muster study slow-sde` was asked for.
struct SlowSdeRequest {
  std::string problem;  ///< hyperbola, valley, diagonal-net
  std::string scan;     ///< period, workers, learning-rate, schedules, or "" for one run
  std::vector<SlowSdeCase> cases;
  ReplicaOptions replicas;
  bool help = false, json = false;
  std::optional<std::string> out;
  std::string command;  ///< the command line that makes this study
};

const CommandHelp& slow_sde_help();

/// Words behind `muster study slow-sde`, checked. Throws OptionError naming flag, value and remedy.
SlowSdeRequest read_slow_sde_request(const Catalogue& catalogue, const std::vector<std::string>& words);

/// Periods whose H eta^2 (in slow time the length of a round) are spread over the U-shape of the valley.
std::vector<int64_t> valley_periods(double learning_rate);

}  // namespace muster::inline app
