#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/toml_file.h"
#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"
#include "muster/report/whole_result.h"

namespace muster::inline app {

class Catalogue;

/// An arm: its name, and the settings that it changes.
struct ArmRequest {
  std::string name;
  std::vector<Setting> settings;
};

/// "qsr: schedule.rule=qsr growth=0.1": a name, a colon, settings of keys separated by blanks. Throws
/// OptionError ("--arm").
ArmRequest parse_arm(const Catalogue& catalogue, std::string_view text);

/// The arms as [[arm]] tables of a configuration file.
std::string arms_toml(const Catalogue& catalogue, const std::vector<ArmRequest>& arms);

/// The arms of all --arm flags, in order. Throws OptionError ("--arm").
std::vector<ArmRequest> arms_of(const Catalogue& catalogue, const Arguments& arguments);

/// The requested comparison in layers: an arm's settings override those of the command line, which override
/// the file's.
struct ComparisonRequest {
  std::vector<FileSetting> file;
  std::vector<Setting> command_line;
  std::vector<ArmRequest> arms;
  int64_t seeds = 1;   ///< run.seed, run.seed + 1, ...
  std::string folder;  ///< of the whole comparison
};

/// What `compare` was asked for.
struct CompareRequest {
  Arguments arguments;
  ComparisonRequest comparison;
  std::optional<Network> network;
  std::string source;               ///< the file, or ""
  std::vector<std::string> unused;  ///< keys of the file that the comparison has no use for
  std::optional<double> margin;     ///< of --margin: points of accuracy, or loss
};

/// Reads the words behind `compare`; with --help only the arguments. Throws OptionError.
CompareRequest read_compare_request(const Catalogue& catalogue, const std::vector<std::string>& words);

/// The output of `compare --print-config`: the settings that all arms share, and the arms, as a file that
/// makes the same comparison. REQUIRES: --print-config is among the request's flags. Throws OptionError.
std::string printed_comparison(const Catalogue& catalogue, const CompareRequest& request);

/// One training of a comparison.
struct PlannedRun {
  std::string arm;
  int64_t seed = 0;
  std::string folder;  ///< FOLDER/ARM/seed-SEED
  Configuration configuration;
  std::vector<std::string> unused;  ///< keys of the file that this arm's settings make useless
};

/// Every run, resolved and checked: all arms of the first seed, then of the second. Runs of one seed share
/// their initial weights and, with equal workers and batches, the order of their data; generated data are the
/// same in all of them. Throws Error naming the arm whose settings are wrong; OptionError: no arm, a name
/// that cannot name a folder or occurs twice, an arm that sets run.seed, run.out or run.resume.
std::vector<PlannedRun> plan_comparison(const Catalogue& catalogue, const ComparisonRequest& request);

/// Removes run.out and run.resume, which a comparison sets itself, from a file's settings; returns the names
/// of those that were set and not false.
std::vector<std::string> take_own_keys(std::vector<FileSetting>& file);

/// The keys of the file that no arm uses, and "KEY (in ARM, ARM)" where only some do not.
std::vector<std::string> unused_in(const std::vector<PlannedRun>& plan);

/// The state of the run's result in its folder: none, whole, or damaged. Throws Error when its folder holds a
/// run with other settings, naming the first key that differs; what changes no result (run.threads,
/// run.loader_threads, checkpoint) may differ, and so may what is only known with the data.
ResultCheck found_result(const Catalogue& catalogue, const PlannedRun& run);

/// Reads the results from the runs' folders: an arm for each name, in the order of the plan. A run whose
/// result is damaged counts as one that has not ended.
std::vector<Arm> read_arms(const Catalogue& catalogue, const std::vector<PlannedRun>& plan);

/// The settings of a configuration file as text. Throws OptionError.
std::vector<Setting> text_settings(const std::vector<FileSetting>& settings);

}  // namespace muster::inline app
