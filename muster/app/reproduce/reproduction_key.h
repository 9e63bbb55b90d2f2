#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduce/reproduction_plan.h"

namespace muster {

/// Of the program in a file, sixteen hexadecimal digits: of the sources that it was built from, where it
/// carries that digest (cmake/SourceDigest.cmake), else of the whole file. Throws FileError.
std::string program_digest(const std::string& path);

/// Of a file's content; of a folder all names and contents below it. Files above 1 GiB count by their length
/// and time of change. Throws FileError.
std::string input_digest(const std::string& path);

/// What the results of commands are kept by: digests of the programs that a command uses and of the
/// configurations and data that its words name. Each file is read once.
class ResultKeys {
 public:
  /// Of `muster` at that path, and of the engine and the tokenizer beside it.
  explicit ResultKeys(const std::string& program);

  /// By what it is a digest of: "muster", "muster-engine", "configs/qsr.toml". Throws FileError.
  std::map<std::string, std::string> of(const PlannedCommand& command);

 private:
  std::map<std::string, std::string> programs_, inputs_;
};

}  // namespace muster
