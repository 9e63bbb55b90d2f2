#include "muster/train/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline train {

namespace {

constexpr double unlimited = std::numeric_limits<double>::max();

/// The number behind "key" in a file of lines "key number" or "key: number"; with an empty key, the file's
/// first number. Nothing for "max" and missing files.
std::optional<double> number_in(const std::string& path, const std::string& key = "") {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    if (!key.empty() && (!(words >> name) || name != key)) continue;
    double value = 0;
    if (words >> value) return value;
    return std::nullopt;
  }
  return std::nullopt;
}

struct GroupFiles {
  std::string base, limit, usage, cache_key;
};

/// Bytes that one control group still allows.
double left_in(const std::string& folder, const GroupFiles& files) {
  const auto limit = number_in(folder + "/" + files.limit);
  const auto usage = number_in(folder + "/" + files.usage);
  if (!limit || !usage) return unlimited;
  const double cache = number_in(folder + "/memory.stat", files.cache_key).value_or(0);
  return std::max(0.0, *limit - std::max(0.0, *usage - cache));
}

/// The least that a group and its ancestors still allow; in a container the path may be the host's, and then
/// only the topmost group exists.
double left_along(std::string path, const GroupFiles& files) {
  double least = unlimited;
  while (true) {
    least = std::min(least, left_in(files.base + path, files));
    const size_t slash = path.find_last_of('/');
    if (path.empty() || slash == std::string::npos) return least;
    path.resize(slash);
  }
}

/// Lines of /proc/self/cgroup: "0::/path" (v2), "5:memory:/path" (v1).
double left_in_groups(const std::string& root) {
  const GroupFiles v2 = {root + "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};
  const GroupFiles v1 = {root + "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                         "total_inactive_file"};
  double least = unlimited;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (controllers == ",,") least = std::min(least, left_along(path, v2));
    if (controllers.find(",memory,") != std::string::npos) least = std::min(least, left_along(path, v1));
  }
  return least;
}

}  // namespace

MemoryEstimate estimate_memory(const MemoryNeed& need) {
  const auto workers = static_cast<double>(need.workers);
  const double vector_bytes = static_cast<double>(need.parameters) * static_cast<double>(need.element_bytes);
  const double buffer_bytes = static_cast<double>(need.buffers) * static_cast<double>(need.element_bytes);
  MemoryEstimate estimate;
  estimate.replicas = workers * (static_cast<double>(need.replica_vectors) * vector_bytes + buffer_bytes);
  estimate.activations =
      static_cast<double>(std::min(need.threads, need.workers)) * static_cast<double>(need.activation_bytes);
  estimate.shared = static_cast<double>(need.shared_vectors) * vector_bytes;
  estimate.data = static_cast<double>(need.data_bytes);
  return estimate;
}

double available_memory(const std::string& root) {
  const auto kibibytes = number_in(root + "/proc/meminfo", "MemAvailable:");
  return std::min(kibibytes ? *kibibytes * 1024 : unlimited, left_in_groups(root));
}

void check_memory(const MemoryEstimate& estimate, int64_t workers, double available) {
  if (estimate.total() <= available) return;
  throw OptionError("run.workers", std::to_string(workers),
                    fmt::format("needs about {} of memory (replicas {}, activations {}, shared {}, data {}), "
                                "{} are available: take "
                                "fewer workers or threads, a smaller batch or a smaller model",
                                format_bytes(estimate.total()), format_bytes(estimate.replicas),
                                format_bytes(estimate.activations), format_bytes(estimate.shared),
                                format_bytes(estimate.data), format_bytes(available)));
}

}  // namespace muster::inline train
