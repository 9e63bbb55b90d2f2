#include "muster/theory/convex/local_steps.h"

#include <algorithm>

namespace muster::inline theory {

namespace {

constexpr int64_t samples_per_chunk = 256;  // of one worker: their rows fit into the first-level cache
// With a smaller scale the two parts of the weighted sum would be large compared with their sum.
constexpr double least_scale = 1e-2;

}  // namespace

LocalSteps::LocalSteps(const ConvexProblem& problem, ConvexStepSize step_size, uint64_t seed, int64_t workers,
                       int64_t batch)
    : problem_(problem),
      step_size_(step_size),
      draws_(seed, problem.samples()),
      workers_(workers),
      batch_(batch) {
  const auto steps = static_cast<size_t>(std::max<int64_t>(1, samples_per_chunk / batch));
  scale_.resize(steps);
  push_.resize(steps);
  counted_.resize(steps);
  changes_.resize(static_cast<size_t>(batch));
  drawn_.resize(steps * static_cast<size_t>(batch));
}

// Fills the arrays that have an entry for each step; returns the number of steps.
int64_t LocalSteps::plan(const LazyIterate& start, int64_t first, int64_t most) {
  const auto limit = std::min(most, static_cast<int64_t>(scale_.size()));
  double scale = start.scale, counted = start.counted;
  int64_t steps = 0;
  while (steps < limit && (steps == 0 || scale >= least_scale)) {
    const auto i = static_cast<size_t>(steps);
    const double rate = step_size_.at(first + steps);
    counted += step_size_.weight(first + steps) * scale;
    scale_[i] = scale;
    counted_[i] = counted;
    scale *= 1 - rate * problem_.regularisation();
    push_[i] = rate / (static_cast<double>(batch_) * scale);
    ++steps;
  }
  scale_after_ = scale;
  return steps;
}

void LocalSteps::run(std::span<LazyIterate> iterates, int64_t first_worker, int64_t first, int64_t steps) {
  const auto stride = static_cast<uint64_t>(workers_ * batch_);
  while (steps > 0) {
    const int64_t now = plan(iterates.front(), first, steps);
    const kernel::StepChunk chunk{now, batch_, scale_.data(), push_.data(), counted_.data()};
    for (size_t k = 0; k < iterates.size(); ++k) {
      const auto worker = static_cast<uint64_t>(first_worker) + k;
      const uint64_t counter = static_cast<uint64_t>(first) * stride + worker * static_cast<uint64_t>(batch_);
      kernel::draw_rows(problem_.rows(), draws_, counter, stride, now, batch_, drawn_.data());
      kernel::local_steps(problem_.loss(), problem_.rows(), chunk, drawn_.data(), changes_.data(),
                          iterates[k].coordinates.data());
      iterates[k].scale = scale_after_;
      iterates[k].counted = counted_[static_cast<size_t>(now - 1)];
      if (scale_after_ < least_scale) iterates[k].fold();
    }
    first += now;
    steps -= now;
  }
}

}  // namespace muster::inline theory
