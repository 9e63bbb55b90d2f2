#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/checksum.h"

namespace muster {

/// Whether the result in a run's folder is whole. A finished run is one whose summary.json carries a right
/// checksum of itself and the digests of the files beside it, model.safetensors above all, and these fit.
/// Summaries of version 0.1.0 have neither: there the model must be present.
struct ResultCheck {
  enum class State { none, whole, damaged };
  State state = State::none;
  std::string damage;                ///< of a damaged result: the file and what is wrong with it
  std::vector<std::string> remarks;  ///< of a whole result, a line each: what could not be checked, and what
                                     ///< has changed in files that hold no result (metrics, arrivals)
  std::optional<int64_t> steps;      ///< of a whole result of a training: how many it has made
  bool whole() const { return state == State::whole; }
};

/// none: the folder has no summary.json, or that of a run that came to no end ("finished": false). Reads the
/// files through. Throws FileError for a file that is there and cannot be read: that is not damage.
ResultCheck check_result(const std::string& folder);

/// Brings FOLDER/NAME for each of the names to the disk, and returns their digests, for the summary that is
/// written after it. What is not there is left out. Throws FileError.
std::map<std::string, FileDigest> settle_files(const std::string& folder,
                                               const std::vector<std::string>& names);

}  // namespace muster
