#include "muster/checkpoint/damaged_result.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace muster::inline checkpoint {

CheckpointError beyond_repair(const RunFolder& folder) {
  invariant(!folder.damage.empty(), "only a damaged result can be beyond repair");
  return CheckpointError(fmt::format(
      "the result in '{}' is damaged ({}), and no checkpoint is left to make it from again: bring "
      "the file back, or remove '{}/summary.json' to train again",
      folder.path, folder.damage, folder.path));
}

void set_aside_damaged_result(const RunFolder& folder) {
  if (folder.damage.empty()) return;
  for (const char* name : {"summary.json", "model.safetensors"}) {
    const std::string path = folder.path + "/" + name;
    std::error_code error;
    std::filesystem::rename(path, path + ".set-aside", error);
    if (error && error != std::errc::no_such_file_or_directory)
      throw FileError(fmt::format("cannot rename '{}': {}", path, error.message()));
  }
}

}  // namespace muster::inline checkpoint
