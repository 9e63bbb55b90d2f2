#include "muster/engine/versions.h"

#include <torch/version.h>

#include <fstream>

#include "muster/base/version.h"

namespace muster::inline engine {

namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

std::map<std::string, std::string> versions() {
  return {{"muster", std::string(version())}, {"libtorch", TORCH_VERSION}, {"processor", processor()}};
}

}  // namespace muster::inline engine
