#include "muster/theory/convex/delayed_local_sgd.h"

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline theory {

DelayedLocalSgd::DelayedLocalSgd(const ConvexProblem& problem, const LocalSgdOptions& options,
                                 DelayOptions delay)
    : delay_(delay),
      step_size_(options.step_size),
      steps_(problem, options.step_size, options.seed, options.workers, options.batch),
      workers_(static_cast<size_t>(options.workers), LazyIterate(problem.features())),
      bases_(workers_.size(), std::vector<double>(static_cast<size_t>(problem.features()))),
      trained_(workers_.size()),
      server_(static_cast<size_t>(problem.features())) {
  invariant(delay.period >= 1 && delay.delay >= 0, "a delayed run needs period >= 1 and delay >= 0");
}

bool DelayedLocalSgd::pushes(size_t worker, int64_t time) const {
  const int64_t offset = delay_.staggered ? static_cast<int64_t>(worker) % delay_.period : 0;
  return time == delay_.last_step || (time + offset) % delay_.period == 0;
}

// The next time at which any worker may push, at most `end`.
int64_t DelayedLocalSgd::next_time(int64_t end) const {
  if (delay_.staggered) return step_ + 1;
  int64_t next = step_ + delay_.period - step_ % delay_.period;
  if (delay_.last_step > step_) next = std::min(next, delay_.last_step);
  return std::min(next, end);
}

void DelayedLocalSgd::advance(int64_t period, int64_t rounds) {
  const int64_t end = step_ + period * rounds;
  while (step_ < end) {
    const int64_t time = next_time(end);
    weights_ += step_size_.weight_sum(step_, time - step_);
    step_ = time;
    meet(time);
  }
  // The weighted sums include all steps up to now, also of workers that are between two pushes.
  for (size_t k = 0; k < workers_.size(); ++k) train(k, end);
}

void DelayedLocalSgd::train(size_t worker, int64_t until) {
  const int64_t steps = until - trained_[worker];
  if (steps > 0) steps_.run({&workers_[worker], 1}, static_cast<int64_t>(worker), trained_[worker], steps);
  trained_[worker] = until;
}

// All pushes of a time come before its reads.
void DelayedLocalSgd::meet(int64_t time) {
  const double share = 1 / static_cast<double>(workers_.size());
  std::vector<double> sum;
  for (size_t k = 0; k < workers_.size(); ++k) {
    if (!pushes(k, time)) continue;
    train(k, time);
    workers_[k].fold();
    sum.resize(server_.size());
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += share * (workers_[k].coordinates[i].direction - bases_[k][i]);
  }
  const bool somebody = !sum.empty();
  if (somebody) pending_.push_back({time + delay_.delay, std::move(sum)});
  show(time);
  if (!somebody) return;
  ++meetings_;
  for (size_t k = 0; k < workers_.size(); ++k) {
    if (!pushes(k, time)) continue;
    bases_[k] = server_;
    for (size_t i = 0; i < server_.size(); ++i) workers_[k].coordinates[i].direction = server_[i];
  }
}

void DelayedLocalSgd::show(int64_t time) {
  for (; !pending_.empty() && pending_.front().visible_from <= time; pending_.pop_front())
    for (size_t i = 0; i < server_.size(); ++i) server_[i] += pending_.front().sum[i];
}

std::vector<double> DelayedLocalSgd::weighted() const {
  std::vector<double> mean(server_.size());
  if (weights_ == 0) return mean;
  for (const LazyIterate& worker : workers_) {
    const std::vector<double> sum = worker.weighted_sum();
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += sum[i];
  }
  for (double& x : mean) x /= weights_ * static_cast<double>(workers_.size());
  return mean;
}

}  // namespace muster::inline theory
