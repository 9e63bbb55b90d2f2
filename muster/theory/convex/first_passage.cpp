#include "muster/theory/convex/first_passage.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"

namespace muster::inline theory {

namespace {

// Tracks which targets one of the two kinds of iterate has reached.
class Watch {
 public:
  Watch(const std::vector<double>& targets, const std::vector<int64_t>& limits,
        std::vector<std::optional<int64_t>>& passed)
      : targets_(targets), limits_(limits), passed_(passed) {
    invariant(limits.size() == targets.size(), "a limit for each target");
    passed_.assign(targets.size(), std::nullopt);
  }
  bool waits(int64_t step) const {
    for (size_t i = 0; i < targets_.size(); ++i)
      if (!passed_[i] && step < limits_[i]) return true;
    return false;
  }
  void see(int64_t step, double gap) {
    for (size_t i = 0; i < targets_.size(); ++i)
      if (!passed_[i] && gap <= targets_[i]) passed_[i] = step;
  }

 private:
  const std::vector<double>& targets_;
  const std::vector<int64_t>& limits_;
  std::vector<std::optional<int64_t>>& passed_;
};

}  // namespace

FirstPassages first_passages(ConvexMethod& method, const ConvexProblem& problem, double optimum,
                             int64_t period, const std::vector<double>& targets,
                             const PassageLimits& limits) {
  FirstPassages passages;
  Watch last(targets, limits.last, passages.last);
  Watch weighted(targets, limits.weighted, passages.weighted);
  double next = 8;
  while (last.waits(method.step()) || weighted.waits(method.step())) {
    const auto wanted = static_cast<int64_t>(std::ceil(next)) - method.step();
    method.advance(period, std::max<int64_t>(1, (wanted + period - 1) / period));
    const int64_t step = method.step();
    next = std::max(static_cast<double>(step + 1), 1.04 * static_cast<double>(step));
    if (last.waits(step - 1)) last.see(step, problem.value(method.last()) - optimum);
    if (weighted.waits(step - 1)) weighted.see(step, problem.value(method.weighted()) - optimum);
  }
  return passages;
}

}  // namespace muster::inline theory
