#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/claims.h"

namespace muster {

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
  bool json = false, dry_run = false;
};

/// One command to be executed.
struct PlannedCommand {
  std::string run;                 ///< the run's name
  std::string name;                ///< with its seed: names the folder under OUT/runs
  std::vector<std::string> words;  ///< behind "muster"
  double minutes = 1;
  bool resumes = false;
};

/// A claim of the plan, and why it cannot be tested ("" where it can).
struct PlannedClaim {
  const ClaimFile* file = nullptr;
  const Claim* claim = nullptr;
  const ClaimTest* test = nullptr;  ///< at the scale asked for
  std::string missing;
  std::vector<std::string> by_hand;  ///< where something is missing: what would be run there
};

struct ReproductionPlan {
  std::vector<ClaimFile> files;
  std::vector<PlannedClaim> claims;
  std::vector<PlannedCommand> commands;  ///< the longest first
};

/// Claims of the program itself, or of the files *.toml of a folder, by name. Throws DataError, FileError.
std::vector<ClaimFile> load_claims(const std::optional<std::string>& folder);

/// Which claims, and all commands that these need, each once. Throws OptionError, DataError.
ReproductionPlan plan_reproduction(const ReproduceRequest& request);

/// Words as a shell splits them: blanks between, '...' and "..." around. Throws DataError when a quote does
/// not end.
std::vector<std::string> split_words(const std::string& text);

/// "muster study teacher --seeds 192 ..." as a person would type it.
std::string command_text(const PlannedCommand& command);

/// Writes the configurations that the program carries to FOLDER/configs, where {configs} points.
void write_configurations(const std::string& folder);

}  // namespace muster
