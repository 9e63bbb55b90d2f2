#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster::inline app {

/// The result of a comparison, with what its reports show besides the runs.
struct ComparisonResult {
  std::string folder;
  std::string command;  ///< the command line that made the comparison and continues it
  std::vector<Arm> arms;
  std::optional<Network> network;
  std::optional<double> margin;  ///< by which an arm may be worse than the first: points of accuracy, or loss
};

/// One JSON object without line break (docs/json.md); also the content of FOLDER/comparison.json.
std::string comparison_json(const ComparisonResult& result);

/// Both tables, what the signs mean, and the answer, for the terminal.
std::string comparison_text(const ComparisonResult& result);

/// What a report needs to know from FOLDER/comparison.json.
struct ComparisonNote {
  std::string command;
  std::vector<std::string> arms;  ///< in the order of the comparison
  std::optional<Network> network;
  std::optional<double> margin;
};

/// Nothing where the folder holds no comparison. Throws DataError, FileError.
std::optional<ComparisonNote> read_comparison_note(const std::string& folder);

/// The page of a comparison. `written`: the time of writing.
std::string comparison_page(const ComparisonResult& result, const std::string& written);

}  // namespace muster::inline app
