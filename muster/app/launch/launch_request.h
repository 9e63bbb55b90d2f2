#pragma once

#include <string>
#include <vector>

#include "muster/app/launch/launch_outcome.h"
#include "muster/app/launch/launch_plan.h"

namespace muster::inline app {

class Catalogue;

/// What `muster launch` was asked for, checked.
struct LaunchRequest {
  bool help = false;     ///< then nothing else counts
  bool dry_run = false;  ///< show the plan only
  std::vector<RankPlace> places;
  std::vector<std::string> command;       ///< what stands behind --
  std::string configuration;              ///< the file of a training, whose text all ranks get; or none
  std::vector<std::string> remote_shell;  ///< --ssh, split into words
  std::string address;                    ///< of the store; empty: to be found
  int port = 0;                           ///< of the store; 0: any free one
  std::string log_folder;                 ///< empty: none
  int min_workers = 1;
  int restarts = 0;
  double deadline = 10;  ///< seconds without a sign of life after which a member is dead
  double grace = 30;     ///< seconds between asking a process to end and killing it

  int ranks() const { return static_cast<int>(places.size()); }
  LaunchOutcomeOptions outcome_options() const { return {ranks(), min_workers, restarts}; }
};

/// Reads the words behind `launch` and the file of hosts. Throws OptionError, and FileError or DataError
/// about the hosts.
LaunchRequest read_launch_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
