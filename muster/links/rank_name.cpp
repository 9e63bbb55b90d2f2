#include "muster/links/rank_name.h"

namespace muster::inline links {

std::string rank_name(const std::vector<std::string>& names, int rank) {
  const auto at = static_cast<size_t>(rank);
  return at < names.size() ? names[at] : "rank " + std::to_string(rank);
}

}  // namespace muster::inline links
