#include "muster/app/launch/launch_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/app/processes/host_address.h"
#include "muster/base/error.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

void check_hosts(const std::vector<HostSlots>& hosts, int processes, const std::string& hosts_name) {
  int slots = 0;
  std::string here;
  for (const HostSlots& host : hosts) {
    slots += host.slots;
    if (!is_this_host(host.host)) continue;
    if (!here.empty())
      throw OptionError("--hosts", hosts_name,
                        fmt::format("'{}' and '{}' are both this machine; give it once, with all its slots",
                                    here, host.host));
    here = host.host;
  }
  if (processes > slots)
    throw OptionError("-n", std::to_string(processes),
                      fmt::format("the hosts of {} have {} slots in all; give more slots=N there, or at most "
                                  "-n {}",
                                  hosts_name, slots, slots));
}

bool names(const std::string& entry, const std::string& name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

}  // namespace

std::vector<RankPlace> place_ranks(const std::vector<HostSlots>& hosts, int processes,
                                   const std::string& hosts_name) {
  check_hosts(hosts, processes, hosts_name);
  int left = processes;
  if (processes == 0)
    for (const HostSlots& host : hosts) left += host.slots;
  std::vector<RankPlace> places;
  for (const HostSlots& host : hosts) {
    const int taken = std::min(left, host.slots);
    for (int local = 0; local < taken; ++local)
      places.push_back({static_cast<int>(places.size()), host.host, is_this_host(host.host), local, taken});
    left -= taken;
  }
  return places;
}

std::vector<RankPlace> place_here(int processes) {
  std::vector<RankPlace> places;
  for (int rank = 0; rank < processes; ++rank) places.push_back({rank, "localhost", true, rank, processes});
  return places;
}

Variables rank_variables(const RankPlace& place, int ranks, const RunAddress& address, int restart) {
  return {{"RANK", std::to_string(place.rank)},
          {"WORLD_SIZE", std::to_string(ranks)},
          {"LOCAL_RANK", std::to_string(place.local_rank)},
          {"LOCAL_WORLD_SIZE", std::to_string(place.local_size)},
          {"MASTER_ADDR", address.master_address},
          {"MASTER_PORT", std::to_string(address.master_port)},
          {"MUSTER_STORE", address.store},
          {"MUSTER_TOKEN", address.token},
          {"MUSTER_MIN_WORKERS", std::to_string(address.min_workers > 0 ? address.min_workers : ranks)},
          {"MUSTER_LAUNCH_RESTART", std::to_string(restart)}};
}

std::vector<std::string> with_variables(const std::vector<std::string>& before, const Variables& variables) {
  std::vector<std::string> entries;
  for (const std::string& entry : before) {
    const bool replaced = std::any_of(variables.begin(), variables.end(),
                                      [&](const auto& variable) { return names(entry, variable.first); });
    if (!replaced && !names(entry, "TORCHELASTIC_USE_AGENT_STORE")) entries.push_back(entry);
  }
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

// The program runs in the background so that the shell can wait for it while a second shell reads the
// signals; it ignores SIGINT then, as POSIX has it, and is therefore asked to stop by TERM only.
std::string remote_script(const std::string& folder, const Variables& variables,
                          const std::vector<std::string>& command, double grace, bool with_input) {
  std::string script = "cd " + shell_quoted(folder) + " && IFS= read -r MUSTER_TOKEN || exit 126; ";
  if (with_input) script += "IFS= read -r muster_input || exit 126; ";
  script += "export MUSTER_TOKEN";
  for (const auto& [name, value] : variables)
    if (name != "MUSTER_TOKEN") script += " " + name + "=" + shell_quoted(value);
  script += "; exec 3<&0;";
  if (with_input) script += " printf '%b' \"$muster_input\" 3<&- |";
  for (const std::string& word : command) script += " " + shell_quoted(word);
  script += with_input ? " 3<&- & child=$!; " : " </dev/null 3<&- & child=$!; ";
  script += fmt::format(
      "{{ while read -r name; do kill -s \"$name\" $child; done; kill -s TERM $child; sleep {}; "
      "kill -s KILL $child; }} <&3 >/dev/null 2>&1 & ",
      std::llround(std::ceil(grace)));
  script += "reader=$!; exec 3<&-; wait $child; code=$?; kill $reader 2>/dev/null; exit $code";
  return script;
}

std::string in_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\\')
      line += "\\\\";
    else if (c == '\0')
      line += "\\0000";
    else
      line += c;
  }
  return line;
}

}  // namespace muster::inline app
