#include "muster/base/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

namespace muster::inline base {

namespace {

/// Where the files of a version's cpu controller lie.
struct Hierarchy {
  bool second_version = false;
  std::string mounted_at;  ///< a folder
  std::string group;       ///< mounted there
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream in(list);
  for (std::string one; std::getline(in, one, ',');)
    if (one == word) return true;
  return false;
}

/// Lines of /proc/self/mountinfo: number, parent, device, root, mount point, options, ... - type, source,
/// options of the file system.
std::vector<Hierarchy> hierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const size_t divider = line.find(" - ");
    if (divider == std::string::npos) continue;
    std::istringstream before(line.substr(0, divider)), behind(line.substr(divider + 3));
    std::string ignored, group, point, type, source, options;
    before >> ignored >> ignored >> ignored >> group >> point;
    behind >> type >> source >> options;
    if (type == "cgroup2" || (type == "cgroup" && has_word(options, "cpu")))
      found.push_back({type == "cgroup2", point, group});
  }
  return found;
}

/// The process's group in a hierarchy, of /proc/self/cgroup: "number:controllers:path".
std::optional<std::string> own_group(const std::string& root, bool second_version) {
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (second_version ? controllers.empty() : has_word(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

std::optional<int64_t> number_in(const std::string& file) {
  std::ifstream in(file);
  int64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

/// What the files of one group say; nothing where they set no limit or are not there (the topmost group has
/// none).
std::optional<CpuQuota> quota_of(const std::string& folder, bool second_version) {
  CpuQuota quota;
  if (second_version) {
    quota.file = folder + "/cpu.max";
    std::ifstream in(quota.file);
    if (!(in >> quota.quota_us)) return std::nullopt;  // "max"
    if (!(in >> quota.period_us)) quota.period_us = 100000;
  } else {
    quota.file = folder + "/cpu.cfs_quota_us";
    quota.quota_us = number_in(quota.file).value_or(-1);
    quota.period_us = number_in(folder + "/cpu.cfs_period_us").value_or(100000);
  }
  if (quota.quota_us <= 0 || quota.period_us <= 0) return std::nullopt;
  return quota;
}

/// The group's path below what is mounted. A container sees its own group as the topmost one, or reads a path
/// of the host's that it cannot open.
std::string path_below(const std::string& group, const std::string& mounted) {
  if (mounted == "/") return group.starts_with("/..") ? "" : group;
  if (group == mounted || group.starts_with(mounted + "/")) return group.substr(mounted.size());
  return "";
}

}  // namespace

int64_t CpuQuota::threads() const { return std::max<int64_t>(1, (quota_us + period_us - 1) / period_us); }

std::optional<CpuQuota> cpu_quota(const std::string& root) {
  std::optional<CpuQuota> least;
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    const auto group = own_group(root, hierarchy.second_version);
    if (!group) continue;
    std::string below = path_below(*group, hierarchy.group);
    while (true) {
      while (below.ends_with('/')) below.pop_back();
      auto quota = quota_of(root + hierarchy.mounted_at + below, hierarchy.second_version);
      if (quota) quota->file.erase(0, root.size());
      if (quota && (!least || quota->cores() < least->cores())) least = quota;
      if (below.empty()) break;
      below.erase(below.rfind('/'));
    }
  }
  return least;
}

}  // namespace muster::inline base
