#include "muster/links/host_memory_key.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "muster/base/error.h"
#include "muster/links/shared_memory.h"

namespace muster::inline links {

namespace {

/// "net:[4026531840]"; empty where it cannot be read.
std::string name_of_namespace(const char* kind) {
  std::array<char, 128> name{};
  const ssize_t length =
      ::readlink(fmt::format("/proc/self/ns/{}", kind).c_str(), name.data(), name.size() - 1);
  return {name.data(), length > 0 ? static_cast<size_t>(length) : 0};
}

bool can_share_memory() {
  try {
    SharedMemory::create(1);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::string host_memory_key() {
  std::string boot;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  if (!std::getline(file, boot)) return "";
  const std::string network = name_of_namespace("net"), users = name_of_namespace("user");
  if (network.empty() || users.empty() || !can_share_memory()) return "";
  return fmt::format("{} {} {} uid:{}", boot, network, users, ::geteuid());
}

bool same_host_memory(const std::vector<std::string>& keys) {
  return !keys.empty() && !keys.front().empty() &&
         std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return key == keys.front(); });
}

}  // namespace muster::inline links
