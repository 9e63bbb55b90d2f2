#pragma once

#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/resolve.h"
#include "muster/rendezvous/place.h"

namespace muster::inline app {

class Catalogue;

// The commands of the program `muster`: each gets the words behind its name and returns the exit code.
// Results go to standard output; errors are thrown.

/// Answers --help and --print-config, checks every key, and hands the rest to the engine.
int train_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// An asynchronous run in virtual time; without training it is answered here.
int simulate_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int evaluate_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int probe_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int sample_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int convert_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int signature_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int models_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Runs the engine for each arm and seed, and compares the results.
int compare_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Starts the processes of a run, here and on other hosts, and watches them.
int launch_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Starts a run by `launch` and disturbs it; exit code 1 when a check fails.
int chaos_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// The server of an asynchronous run, and one of its workers.
int serve_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int work_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Shows the state of such a server; asks it without the engine.
int status_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Predicts the cost of each rule by walking its schedule; the engine only counts a model's parameters and
/// trains for --probe.
int plan_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Experiments of the theory, answered without the engine: `muster study convex|slow-sde|teacher`.
int study_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Tests the claims of the papers: runs this program's commands and gives a verdict on each claim.
int reproduce_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Answered without the engine.
int report_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int schedule_command(const Catalogue& catalogue, const std::vector<std::string>& words);
/// Writes what completes the command line in a shell, or the manual page.
int completion_command(const Catalogue& catalogue, const std::vector<std::string>& words);
int version_command(const Catalogue& catalogue, const std::vector<std::string>& words);

/// What `train` was asked for: the file, the settings over it, and the command's own flags.
struct TrainRequest {
  Arguments arguments;
  Configuration configuration;
  Place place;            ///< of this process among those of the run
  Resolution resolution;  ///< where the configuration comes from
  std::string unused;     ///< a line that names keys of the file without use, or ""
};

/// Reads the words behind `train`; used by both programs. Throws OptionError.
TrainRequest read_train_request(const Catalogue& catalogue, const std::vector<std::string>& words);

/// What `simulate` was asked for. With --replay the configuration is the file's own and not filled in here.
struct SimulateRequest {
  Arguments arguments;
  Configuration configuration;
  Resolution resolution;
  std::string unused;
};

/// Reads the words behind `simulate`; used by both programs. Throws OptionError.
SimulateRequest read_simulate_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
