#include "muster/engine/chosen_folder.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>

#include "muster/base/error.h"

namespace muster::inline engine {

std::string first_free_folder() {
  for (int64_t number = 1;; ++number) {
    const std::string folder = fmt::format("runs/{}", number);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

std::string chosen_folder(const RunSection& run) {
  if (run.out) return *run.out;
  if (run.resume) throw OptionError("run.resume", "true", "needs run.out: the folder of the run to resume");
  return first_free_folder();
}

}  // namespace muster::inline engine
