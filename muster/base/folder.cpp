#include "muster/base/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "muster/base/error.h"

namespace muster::inline base {

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  for (const std::filesystem::directory_iterator end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  if (error) throw FileError(fmt::format("cannot read the folder '{}': {}", folder, error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace muster::inline base
