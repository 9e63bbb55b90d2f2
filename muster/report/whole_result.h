#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/checksum.h"

namespace muster::inline report {

/// Whether the result in a run's folder is whole. A finished run has a summary.json with a correct checksum
/// of itself and correct digests of the files beside it, model.safetensors above all. Summaries of version
/// 0.1.0 have neither: there the model must be present.
struct ResultCheck {
  enum class State { none, whole, damaged };
  State state = State::none;
  std::string damage;                ///< of a damaged result: the file and what is wrong with it
  std::vector<std::string> remarks;  ///< of a whole result, a line each: what could not be checked, and what
                                     ///< has changed in files that hold no result (metrics, arrivals)
  std::optional<int64_t> steps;      ///< of a whole result of a training: its steps
  bool whole() const { return state == State::whole; }
};

/// none: the folder has no summary.json, or that of a run that did not finish ("finished": false). Reads the
/// files completely. Throws FileError for a file that is there and cannot be read: that is not damage.
ResultCheck check_result(const std::string& folder);

/// Flushes FOLDER/NAME for each name to the disk and returns the digests, for the summary that is written
/// afterwards. Missing files are left out. Throws FileError.
std::map<std::string, FileDigest> settle_files(const std::string& folder,
                                               const std::vector<std::string>& names);

}  // namespace muster::inline report
