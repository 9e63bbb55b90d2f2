#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/chaos/chaos_plan.h"
#include "muster/app/launch/launch_request.h"

namespace muster::inline app {

class Catalogue;

/// What `muster chaos` was asked for, checked.
struct ChaosRequest {
  bool help = false;  ///< then nothing else counts
  bool json = false;
  ChaosOptions options;
  int baseline = 0;                  ///< number of undisturbed runs made first
  std::string device;                ///< network device that cuts take down; empty: the namespace's only one
  std::vector<std::string> command;  ///< starts the run: the words behind --, with run.out and run.verify
  LaunchRequest launch;              ///< these words as read by `muster launch`
  std::string folder;                ///< of the run
  int64_t seed = 1;                  ///< run.seed
  std::optional<int64_t> steps;      ///< of the run, where they are known without reading data

  /// Command and folder of baseline run `number` (1, 2, ...), which has a run.seed of its own.
  std::vector<std::string> baseline_command(int number) const;
  std::string baseline_folder(int number) const;
};

/// Reads the words behind `chaos`. The word `muster` means this program. Throws OptionError, also for the
/// words behind --.
ChaosRequest read_chaos_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
