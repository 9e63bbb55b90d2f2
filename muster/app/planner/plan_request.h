#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/given.h"
#include "muster/app/options/help.h"
#include "muster/plan/failure_time.h"
#include "muster/report/network_time.h"

namespace muster::inline app {

class Catalogue;

/// "--total qsr:20.2h".
struct StatedTotal {
  std::string rule;  ///< with its period: "constant:8"
  double hours = 0;
};

/// What `muster plan` was asked for.
struct PlanRequest {
  bool help = false, json = false, probe = false;
  std::vector<Setting> settings;  ///< of the file, then of the command line; full names, each once
  Given given;                    ///< the same in layers
  std::string unused;             ///< a line that names keys of the file without use, or ""
  Configuration configuration;    ///< resolved for a preview
  int64_t steps = 0;              ///< of every worker
  std::optional<int64_t> train_samples;
  std::optional<int64_t> usual_samples;  ///< of the configured data set, where its size is always the same
  std::optional<std::string> file, run, out;
  std::vector<StatedTotal> totals;
  std::optional<double> step_seconds, price;
  std::optional<int64_t> parameters, hosts;
  std::optional<Network> network;
  double message_seconds = 5e-6, spread = 0;
  bool apart = false;  ///< each worker of a host sends its own messages
  FailureOptions failures;
  std::vector<int64_t> scan, periods;  ///< workers; periods to plan
  int64_t settings_per_rule = 5;
  int64_t probe_steps = 48;
  std::string launch;   ///< words between `muster launch` and --, for the probe; empty: one process
  std::string command;  ///< the command line that makes this plan

  int64_t workers() const { return *configuration.run.workers; }
  /// The number of training samples, where it is known.
  std::optional<int64_t> samples() const;
  bool asynchronous() const;  ///< there are async.* keys
  /// REQUIRES: asynchronous(). The run that these describe. Throws OptionError.
  Configuration simulated(const Catalogue& catalogue) const;
};

const CommandHelp& plan_help();

/// Words behind `muster plan`, checked. Throws OptionError naming flag, value and remedy; FileError.
PlanRequest read_plan_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
