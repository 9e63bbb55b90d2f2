#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::inline rendezvous {

/// A generation of the group, as the server formed it.
struct Generation {
  int64_t number = 0;
  int rank = 0;  ///< of this member
  int size = 1;
  /// Version of each rank's state: number of meetings that it contains; -1: the rank brings no state.
  std::vector<int64_t> versions;
  std::vector<std::string> names;  ///< of the ranks
  bool operator==(const Generation&) const = default;
};

}  // namespace muster::inline rendezvous
