#include "muster/base/host_name.h"

#include <unistd.h>

#include <array>

namespace muster::inline base {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "host";
  return name.data();
}

}  // namespace muster::inline base
