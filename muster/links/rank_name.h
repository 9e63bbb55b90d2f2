#pragma once

#include <string>
#include <vector>

namespace muster::inline links {

/// What a rank is called in messages: its name where there is one, else "rank 3".
std::string rank_name(const std::vector<std::string>& names, int rank);

}  // namespace muster::inline links
