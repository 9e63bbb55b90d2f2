#include "muster/method/worker_steps.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "muster/base/stopwatch.h"

namespace muster::inline method {

namespace {

/// Hands out stretches of workers' steps.
class StepQueue {
 public:
  StepQueue(int64_t workers, int64_t steps, int64_t stretch)
      : steps_(steps),
        stretch_(stretch),
        done_(static_cast<size_t>(workers), 0),
        busy_(done_.size(), false) {}

  struct Stretch {
    size_t worker;
    int64_t first, last;
  };

  /// The least advanced idle worker, preferring the one that this thread ran last (its vectors are in the
  /// cache). False when every idle worker is done: a busy one is finished by the thread that has it.
  bool take(size_t last_worker, Stretch& out) {
    std::lock_guard lock(mutex_);
    size_t best = done_.size();
    for (size_t w = 0; w < done_.size(); ++w) {
      if (busy_[w] || done_[w] == steps_) continue;
      if (best == done_.size() || done_[w] < done_[best] || (done_[w] == done_[best] && w == last_worker))
        best = w;
    }
    if (best == done_.size()) return false;
    busy_[best] = true;
    out = {best, done_[best], std::min(steps_, done_[best] + stretch_)};
    return true;
  }

  void give_back(const Stretch& stretch) {
    std::lock_guard lock(mutex_);
    busy_[stretch.worker] = false;
    done_[stretch.worker] = stretch.last;
  }

 private:
  const int64_t steps_, stretch_;
  std::mutex mutex_;
  std::vector<int64_t> done_;
  std::vector<bool> busy_;
};

/// All steps at once where every thread gets equally many workers; otherwise short enough that the last
/// stretches leave no thread idle for long.
int64_t stretch_length(int64_t workers, int64_t steps, int64_t threads) {
  if (workers % threads == 0 && workers / threads <= 2) return steps;
  return std::clamp<int64_t>(workers * steps / (8 * threads), 1, steps);
}

}  // namespace

WorkerStepTimes run_worker_steps(ThreadPool& pool, int64_t workers, int64_t steps, const WorkerSteps& body) {
  const int64_t threads = std::min<int64_t>(pool.size(), workers);
  StepQueue queue(workers, steps, stretch_length(workers, steps, threads));
  std::vector<StepSeconds> spent(static_cast<size_t>(threads));
  const Stopwatch watch;
  pool.run(threads, [&](int64_t thread) {
    StepQueue::Stretch stretch{static_cast<size_t>(thread), 0, 0};
    while (queue.take(stretch.worker, stretch)) {
      const StepSeconds seconds = body(static_cast<int64_t>(stretch.worker), stretch.first, stretch.last);
      spent[static_cast<size_t>(thread)].compute += seconds.compute;
      spent[static_cast<size_t>(thread)].data += seconds.data;
      queue.give_back(stretch);
    }
  });
  const double wall = watch.seconds();
  WorkerStepTimes times;
  for (const auto& seconds : spent) {
    times.compute += seconds.compute / pool.size();
    times.data += seconds.data / pool.size();
  }
  times.waiting = std::max(0.0, wall - times.compute - times.data);
  return times;
}

}  // namespace muster::inline method
