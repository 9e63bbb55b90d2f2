#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/theory/convex/convex_method.h"
#include "muster/theory/convex/convex_problem.h"

namespace muster {

/// After how many steps f - f* was first seen at or below each target.
struct FirstPassages {
  std::vector<std::optional<int64_t>> last;      ///< by target: of the newest iterate
  std::vector<std::optional<int64_t>> weighted;  ///< of the weighted average
};

/// The most steps that are worth taking, by target; INT64_MAX: no limit of its own.
struct PassageLimits {
  std::vector<int64_t> last;
  std::vector<int64_t> weighted;
};

/// Advances a method in rounds of `period` until each target is passed or its limit is. Looks at meetings
/// only, and no oftener than every 4 %: when t >= next, where next begins at 8 and becomes max(t + 1, 1.04
/// t).
FirstPassages first_passages(ConvexMethod& method, const ConvexProblem& problem, double optimum,
                             int64_t period, const std::vector<double>& targets, const PassageLimits& limits);

}  // namespace muster
