#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace muster::test {

/// The processes that train in the run of this folder, by rank.
inline std::map<int, int> ranks_of(const std::string& out) {
  std::map<int, int> ranks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream command(entry.path() / "cmdline"), environment(entry.path() / "environ");
    std::stringstream words, variables;
    words << command.rdbuf();
    variables << environment.rdbuf();
    if (words.str().find("muster-engine") == std::string::npos || words.str().find(out) == std::string::npos)
      continue;
    const std::string text = std::string(1, '\0') + variables.str();
    const size_t at = text.find(std::string(1, '\0') + "RANK=");
    if (at != std::string::npos) ranks[std::atoi(text.c_str() + at + 6)] = std::atoi(pid.c_str());
  }
  return ranks;
}

}  // namespace muster::test
