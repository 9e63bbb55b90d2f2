#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

/// A generation of the group, as the server formed it.
struct Generation {
  int64_t number = 0;
  int rank = 0;  ///< of this member
  int size = 1;
  /// version of each rank's state: meetings it has behind it, -1 for one that brings no state.
  std::vector<int64_t> versions;
  std::vector<std::string> names;  ///< of the ranks
  bool operator==(const Generation&) const = default;
};

}  // namespace muster
