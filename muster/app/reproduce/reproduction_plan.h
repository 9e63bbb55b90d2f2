#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/reproduce/claims.h"

namespace muster::inline app {

/// What `muster reproduce` was asked for.
struct ReproduceRequest {
  std::string paper = "all";  ///< the name of a claims file, or "all"
  bool paper_scale = false;
  std::string folder;                 ///< --out
  std::optional<std::string> data;    ///< --data
  std::optional<std::string> hosts;   ///< --hosts: a file of hosts, as of `muster launch`
  std::optional<std::string> claims;  ///< --claims: a folder with claims files, in place of the program's own
  std::string command;                ///< how it was called
  int64_t jobs = 1;
  bool json = false, dry_run = false, list = false, tune = false;
};

/// One command to be executed.
struct PlannedCommand {
  std::string run;                 ///< the run's name
  std::string name;                ///< with its seed: names the folder under OUT/runs
  std::vector<std::string> words;  ///< behind "muster"
  double minutes = 1;
  bool resumes = false;
  std::vector<std::string> kept_by;  ///< the words without the folders of this machine: a result's key
  std::map<std::string, std::string>
      inputs;  ///< configurations and data that the words name, and their paths
};

/// A claim of the plan, and why it cannot be tested ("" where it can).
struct PlannedClaim {
  const ClaimFile* file = nullptr;
  const Claim* claim = nullptr;
  const ClaimTest* test = nullptr;  ///< at the scale asked for
  std::string missing;
  std::vector<std::string>
      by_hand;                 ///< where something is missing: what would be run there, for the first seed
  double minutes = 0;          ///< of all its commands on one core; other claims may share them
  std::vector<int64_t> seeds;  ///< of each of its parts
  /// How it is counted: its kind, or not testable here.
  ClaimKind kind() const { return missing.empty() ? test->kind : ClaimKind::not_testable; }
};

struct ReproductionPlan {
  std::vector<ClaimFile> files;
  std::vector<PlannedClaim> claims;      ///< by paper, in each the cheapest first
  std::vector<PlannedCommand> commands;  ///< those of the cheapest claim first
};

/// Which claims, and all commands that these need, each once. Throws OptionError, DataError.
ReproductionPlan plan_reproduction(const ReproduceRequest& request);

/// A command by its words in a claims file, with {out} and the like filled in.
PlannedCommand planned_command(const std::string& run, const std::string& name, const std::string& words,
                               const ReproduceRequest& request);

/// Words as a shell splits them: blanks between, '...' and "..." around. Throws DataError when a quote does
/// not end.
std::vector<std::string> split_words(const std::string& text);

/// "muster study teacher --seeds 192 ..." as a person would type it.
std::string command_text(const PlannedCommand& command);

/// Makes the folder OUT. Throws FileError.
void make_folder(const std::string& folder);

/// Writes the configurations that the program carries to FOLDER/configs, where {configs} points.
void write_configurations(const std::string& folder);

}  // namespace muster::inline app
