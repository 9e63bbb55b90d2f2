#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/app/options/arguments.h"
#include "muster/app/options/help.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/engine/commands.h"
#include "muster/engine/signature_runs.h"
#include "muster/libtorch/kernel_threads.h"

namespace muster::inline engine {

namespace {

/// Names of the methods whose line in the file is another one, or that it lacks.
std::vector<std::string> differences(const std::string& path, const std::vector<std::string>& lines) {
  std::istringstream file(read_file(path));
  std::vector<std::string> stored;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') stored.push_back(line);
  std::vector<std::string> differing;
  for (const auto& line : lines)
    if (std::find(stored.begin(), stored.end(), line) == stored.end())
      differing.push_back(line.substr(0, line.find(' ')));
  return differing;
}

}  // namespace

int run_signature(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, signature_help().flags, 0);
  use_single_threaded_kernels();
  std::vector<std::string> lines;
  nlohmann::ordered_json json;
  for (const auto& chosen : signature_cases()) {
    const std::string hash = fmt::format("{:016x}", signature_of(catalogue, chosen));
    lines.push_back(fmt::format("{:<25} {}", chosen.name, hash));
    json[chosen.name] = hash;
  }
  if (arguments.has("json")) {
    write_output(json.dump() + "\n");
  } else {
    for (const auto& line : lines) print_output("{}\n", line);
  }
  const auto file = arguments.flag("check");
  if (!file) return 0;
  const auto differing = differences(*file, lines);
  for (const auto& name : differing)
    print_log("muster: the signature of '{}' is not that of {}\n", name, *file);
  return differing.empty() ? 0 : 1;
}

}  // namespace muster::inline engine
