#include "muster/app/chaos/rank_search.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

// "pid (name) state parent ...": the name may hold anything, the last ) ends it.
std::optional<int> parent_of(int pid) {
  const std::string line = content("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos || line.size() < name_end + 5) return std::nullopt;
  return whole(std::string_view(line).substr(name_end + 4));
}

std::optional<std::string_view> variable(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const size_t end = environment.find('\0');
    const std::string_view entry = environment.substr(0, end);
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
    if (end == std::string_view::npos) break;
    environment.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<int> rank_of(int pid) {
  const std::string environment = content("/proc/" + std::to_string(pid) + "/environ");
  const auto rank = variable(environment, "RANK");
  if (!rank || !variable(environment, "MUSTER_LAUNCH_RESTART")) return std::nullopt;
  return whole(*rank);
}

std::multimap<int, int> children_by_parent() {
  std::multimap<int, int> children;
  std::error_code ignored;  // processes come and go while /proc is read
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = whole(entry.path().filename().string());
    if (const auto parent = pid ? parent_of(*pid) : std::nullopt) children.emplace(*parent, *pid);
  }
  return children;
}

}  // namespace

std::map<int, pid_t> ranks_below(pid_t launcher) {
  const auto children = children_by_parent();
  std::map<int, pid_t> ranks;
  std::vector<int> open = {launcher};
  while (!open.empty()) {
    const auto [begin, end] = children.equal_range(open.back());
    open.pop_back();
    for (auto child = begin; child != end; ++child) {
      if (const auto rank = rank_of(child->second))
        ranks[*rank] = child->second;
      else
        open.push_back(child->second);
    }
  }
  return ranks;
}

}  // namespace muster::inline app
