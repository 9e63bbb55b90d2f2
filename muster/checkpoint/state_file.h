#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "muster/base/checksum.h"
#include "muster/base/numbers.h"

namespace muster::inline checkpoint {

/// What state.json of a checkpoint says.
struct StateFile {
  int64_t step = 0;
  Numbers numbers;                          ///< come back bit for bit, infinities and NaNs too
  std::string fingerprint = "{}";           ///< a JSON object
  std::map<std::string, FileDigest> files;  ///< of the files beside it
};

/// The text of state.json, with a checksum of itself.
std::string format_state_file(const StateFile& content);

/// Throws CheckpointError, naming `path`, when the text is damaged or of another format version.
StateFile parse_state_file(const std::string& text, const std::string& path);

}  // namespace muster::inline checkpoint
