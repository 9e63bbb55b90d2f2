#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/theory/convex/convex_method.h"
#include "muster/theory/convex/convex_problem.h"

namespace muster::inline theory {

/// The number of steps after which f - f* was first measured at or below each target.
struct FirstPassages {
  std::vector<std::optional<int64_t>> last;      ///< by target: of the newest iterate
  std::vector<std::optional<int64_t>> weighted;  ///< of the weighted average
};

/// The largest number of steps to make for each target; INT64_MAX: no limit of its own.
struct PassageLimits {
  std::vector<int64_t> last;
  std::vector<int64_t> weighted;
};

/// Advances a method in rounds of `period` until each target or its limit is reached. Evaluates at meetings
/// only, and at most every 4 %: when t >= next, where next begins at 8 and becomes max(t + 1, 1.04 t).
FirstPassages first_passages(ConvexMethod& method, const ConvexProblem& problem, double optimum,
                             int64_t period, const std::vector<double>& targets, const PassageLimits& limits);

}  // namespace muster::inline theory
