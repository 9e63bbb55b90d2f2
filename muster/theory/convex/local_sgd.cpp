#include "muster/theory/convex/local_sgd.h"

namespace muster::inline theory {

LocalSgd::LocalSgd(const ConvexProblem& problem, const LocalSgdOptions& options)
    : step_size_(options.step_size),
      apart_(problem, options.step_size, options.seed, options.workers, options.batch),
      together_(problem, options.step_size, options.seed, 1, options.workers * options.batch),
      mean_(problem.features()),
      workers_(static_cast<size_t>(options.workers), LazyIterate(problem.features())) {}

void LocalSgd::advance(int64_t period, int64_t rounds) {
  const bool one = workers_.size() == 1 || (period == 1 && !measures_divergence_);
  const int64_t steps = period * rounds;
  were_apart_ = !one;
  if (one) {
    together_.run({&mean_, 1}, 0, step_, steps);
  } else {
    for (int64_t round = 0; round < rounds; ++round) train_apart(step_ + round * period, period);
  }
  weights_ += step_size_.weight_sum(step_, steps);
  step_ += steps;
  rounds_ += rounds;
}

void LocalSgd::train_apart(int64_t first, int64_t steps) {
  mean_.fold();
  for (LazyIterate& worker : workers_) worker.start_from(mean_);
  apart_.run(workers_, 0, first, steps);
  average_into(mean_, workers_);
  if (measures_divergence_) divergence_ = divergence(mean_, workers_);
}

std::vector<std::vector<double>> LocalSgd::iterates(int64_t most) const {
  return were_apart_ ? some_values(workers_, most) : std::vector<std::vector<double>>{};
}

std::vector<double> LocalSgd::weighted() const {
  std::vector<double> sum = mean_.weighted_sum();
  if (weights_ > 0)
    for (double& x : sum) x /= weights_;
  return sum;
}

}  // namespace muster::inline theory
