#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/comm/communicator.h"
#include "muster/flat/layout.h"
#include "muster/flat/vector.h"

namespace muster::inline train {

/// A vector that must be the same on every rank, and its name ("anchor").
struct Shared {
  std::string name;
  Vector vector;
};

/// Compares the ranks' vectors bit by bit, by 64-bit checksums. Collective. Throws Error on every rank,
/// naming the first rank that differs from rank 0, the vector, and the first differing layer where the vector
/// is laid out by `layout`.
void require_equal_on_all_ranks(Communicator& group, const std::vector<Shared>& vectors, const Layout& layout,
                                Deadline deadline);

}  // namespace muster::inline train
