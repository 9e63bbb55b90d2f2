#pragma once

#include <optional>
#include <string>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

/// The folder of the run whose own configuration `path` is: FOLDER/config.toml beside what a run leaves there
/// (its lock, checkpoints, metrics, summary). Nothing where it is any other file.
std::optional<std::string> folder_of_run(const std::string& path);

/// Which command writes into the folder of a run, by the files that it leaves there; nothing where it is not
/// known.
enum class RunKind { trained, simulated, served };
std::optional<RunKind> kind_of_run(const std::string& folder);
/// "train", "simulate", "serve".
const char* command_of(RunKind kind);

/// The file that `path` means: of a folder its config.toml. Throws OptionError (CONFIG) for a folder without.
std::string configuration_file(const std::string& path);

/// The configuration as a run writes it into its folder: paths of inputs are absolute, so that it means the
/// same wherever it is read.
Configuration with_absolute_paths(const Catalogue& catalogue, Configuration configuration);

/// The line that continues the run in a folder, for a shell: "muster train FOLDER".
std::string resume_command(const std::string& command, const std::string& folder);

}  // namespace muster::inline app
