#include "muster/app/chaos/network_link.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "muster/app/launch/rank_process.h"
#include "muster/app/processes/child_program.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

constexpr const char* what_is_needed =
    "--cuts needs ranks in network namespaces with names (ip netns add), started there by muster launch "
    "--ssh "
    "(ip netns exec)";

struct stat about_space(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    throw Error(fmt::format("cannot examine the network namespace {}; {}", path, what_is_needed));
  return about;
}

bool same(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

std::string name_of_space(pid_t process, pid_t launcher) {
  const auto theirs = about_space(fmt::format("/proc/{}/ns/net", process));
  if (same(theirs, about_space(fmt::format("/proc/{}/ns/net", launcher))))
    throw Error(
        fmt::format("process {} runs in the launcher's own network, and without that no process would reach "
                    "the store; {}",
                    process, what_is_needed));
  std::error_code missing;  // without named namespaces the error follows below
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", missing)) {
    struct stat about {};
    if (::stat(entry.path().c_str(), &about) == 0 && same(about, theirs)) return entry.path().filename();
  }
  throw Error(fmt::format("the network namespace of process {} has no name in /run/netns; {}", process,
                          what_is_needed));
}

std::vector<std::string> devices_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/net/dev", process));
  std::vector<std::string> devices;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':'), begin = line.find_first_not_of(' ');
    if (colon == std::string::npos || begin >= colon) continue;
    const std::string name = line.substr(begin, colon - begin);
    if (name != "lo") devices.push_back(name);
  }
  return devices;
}

}  // namespace

NetworkLink link_of(pid_t process, pid_t launcher, const std::string& device) {
  const std::string space = name_of_space(process, launcher);
  const auto devices = devices_of(process);
  if (device.empty() && devices.size() == 1) return {space, devices.front()};
  if (std::find(devices.begin(), devices.end(), device) != devices.end()) return {space, device};
  throw Error(fmt::format("the network namespace '{}' has the devices {}; name one by --device", space,
                          fmt::join(devices, ", ")));
}

void set_link(const NetworkLink& link, bool up, HeldSignals& signals) {
  const auto ip = find_program("ip");
  if (!ip) throw Error("the program ip (iproute2), which cuts links, is not installed");
  const char* const state = up ? "up" : "down";
  if (run_child({*ip, "-n", link.space, "link", "set", link.device, state}, signals) != 0)
    throw Error(fmt::format("ip cannot take {} of '{}' {}; that needs root", link.device, link.space, state));
}

}  // namespace muster::inline app
