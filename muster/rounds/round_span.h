#pragma once

#include <cstdint>

namespace muster::inline rounds {

/// A round's place in the run.
struct RoundSpan {
  int64_t first_step = 0;
  int64_t steps = 0;
  bool last = false;  ///< of the run
  int64_t end() const { return first_step + steps; }
};

}  // namespace muster::inline rounds
