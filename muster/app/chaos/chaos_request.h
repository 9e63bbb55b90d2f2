#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/chaos/chaos_plan.h"
#include "muster/app/launch/launch_request.h"

namespace muster {

class Catalogue;

/// What `muster chaos` was asked for, checked.
struct ChaosRequest {
  bool help = false;  ///< then nothing else counts
  bool json = false;
  ChaosOptions options;
  int baseline = 0;                  ///< undisturbed runs before
  std::string device;                ///< that cuts take down; empty: the only one of the namespace
  std::vector<std::string> command;  ///< to start: the words behind --, run.out, run.verify added
  LaunchRequest launch;              ///< what they say to `muster launch`
  std::string folder;                ///< of the run
  int64_t seed = 1;                  ///< run.seed
  std::optional<int64_t> steps;      ///< of the run, where they are known without reading data

  /// The command and folder of the baseline's run with this number, 1, 2, ...: another run.seed.
  std::vector<std::string> baseline_command(int number) const;
  std::string baseline_folder(int number) const;
};

/// Reads the words behind `chaos`. A word `muster` is this program. Throws OptionError, also about what
/// stands behind --.
ChaosRequest read_chaos_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster
