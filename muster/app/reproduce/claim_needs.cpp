#include "muster/app/reproduce/claim_needs.h"

#include <fmt/format.h>

#include <charconv>

#include "muster/app/launch/hosts_file.h"
#include "muster/app/options/resolve.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline app {

namespace {

bool has_engine() {
  try {
    engine_path();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// 0 where there is none.
int64_t number_behind(const std::string& need, size_t prefix) {
  int64_t number = 0;
  std::from_chars(need.data() + prefix, need.data() + need.size(), number);
  return number;
}

/// What is missing of a need, in words; "" where it is met.
std::string missing(const std::string& need, const ReproduceRequest& request) {
  if (need == "engine") return has_engine() ? "" : "muster-engine (a build with LibTorch)";
  if (need.starts_with("data:")) {
    const std::string name = need.substr(5);
    if (request.data && is_there(*request.data + "/" + name)) return "";
    return fmt::format("'{}' in the folder of --data", name);
  }
  if (need.starts_with("cores:")) {
    const int64_t cores = number_behind(need, 6);
    return cores > 0 && usable_cores() >= cores ? "" : fmt::format("{} cores", need.substr(6));
  }
  if (need.starts_with("workers:")) {
    const int64_t workers = number_behind(need, 8);
    int64_t slots = 0;
    if (request.hosts)
      for (const HostSlots& host : parse_hosts(read_file(*request.hosts), *request.hosts))
        slots += host.slots;
    return workers > 0 && slots >= workers ? ""
                                           : fmt::format("{} slots in the file of --hosts", need.substr(8));
  }
  return need;  // hardware that cannot be detected from here
}

}  // namespace

std::string missing_needs(const ClaimTest& test, const ReproduceRequest& request) {
  std::string text;
  for (const std::string& need : test.needs)
    if (const std::string one = missing(need, request); !one.empty())
      text += (text.empty() ? "" : "; ") + one;
  return text;
}

}  // namespace muster::inline app
