#pragma once

#include <cstdint>
#include <functional>

#include "muster/base/thread_pool.h"

namespace muster::inline method {

/// What one worker's steps cost on the thread that ran them, in seconds.
struct StepSeconds {
  double compute = 0;
  double data = 0;
};

/// Time of one call of run_worker_steps, as means over the pool's threads; their sum is the wall time.
struct WorkerStepTimes {
  double compute = 0;
  double data = 0;
  double waiting = 0;
};

/// Runs steps [first, last) of one worker: body(worker, first, last).
using WorkerSteps = std::function<StepSeconds(int64_t, int64_t, int64_t)>;

/// Runs steps 0 ... steps - 1 of every worker on the pool. A worker's steps run in order, one at a time;
/// workers run side by side and are handed out in short stretches, least advanced first, so that threads stay
/// busy when the workers do not divide evenly. `body(worker, first, last)` runs steps [first, last) of one
/// worker.
WorkerStepTimes run_worker_steps(ThreadPool& pool, int64_t workers, int64_t steps, const WorkerSteps& body);

}  // namespace muster::inline method
