#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduce/reproduction_plan.h"

namespace muster::inline app {

/// Digest of the program in a file, sixteen hexadecimal digits: that of its sources, where the file carries
/// it (cmake/SourceDigest.cmake), else that of the whole file. Throws FileError.
std::string program_digest(const std::string& path);

/// Digest of a file's content, or of all names and contents below a folder. Files above 1 GiB count by their
/// size and time of modification. Throws FileError.
std::string input_digest(const std::string& path);

/// The keys under which results of commands are kept: digests of the programs that a command uses and of the
/// configurations and data that its words name. Each file is read once.
class ResultKeys {
 public:
  /// `program`: the path of `muster`; the engine and the tokenizer lie beside it.
  explicit ResultKeys(const std::string& program);

  /// The digests of a command by the names of their subjects: "muster", "muster-engine", "configs/qsr.toml".
  /// Throws FileError.
  std::map<std::string, std::string> of(const PlannedCommand& command);

 private:
  std::map<std::string, std::string> programs_, inputs_;
};

}  // namespace muster::inline app
