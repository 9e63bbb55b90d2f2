#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/app/options/arguments.h"
#include "muster/choice/value.h"

namespace muster::inline app {

class Catalogue;

/// A value found in a configuration file under a full key name.
struct FileSetting {
  std::string name;
  Value value;
};

/// One [[arm]] table: what differs from the file's other settings.
struct ArmTable {
  std::string name;
  std::vector<FileSetting> settings;
};

/// A file of a comparison: a configuration, and the arms to compare.
struct ComparisonFile {
  std::vector<FileSetting> base;
  std::vector<ArmTable> arms;
};

/// Reads "[section] key = value" lines (TOML 1.0). A list of strings is joined by commas (schedule.pieces).
/// Throws OptionError: a file that cannot be read or is no TOML (with the line), an unknown key, a value of
/// the wrong type, a file with [[arm]] tables.
std::vector<FileSetting> read_toml_file(const Catalogue& catalogue, const std::string& path);
/// The same from text; `source` names it in errors.
std::vector<FileSetting> read_toml(const Catalogue& catalogue, std::string_view text,
                                   const std::string& source);

/// The same with any number of [[arm]] tables, each with a `name` and keys of its own (`schedule.rule =
/// "qsr"`, or a table [arm.schedule]). Throws Error naming the arm where its settings are wrong.
ComparisonFile read_comparison_file(const Catalogue& catalogue, const std::string& path);
ComparisonFile read_comparison(const Catalogue& catalogue, std::string_view text, const std::string& source);

/// The configuration as a commented file that reads back to the same configuration. What is not given stands
/// as a comment.
std::string write_toml(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster::inline app
