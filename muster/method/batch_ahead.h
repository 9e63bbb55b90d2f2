#pragma once

#include <cstdint>
#include <memory>

#include "muster/task/samplers/sampler.h"
#include "muster/task/task.h"

namespace muster::inline method {

struct BatchAheadOptions {
  int64_t threads = 1;       ///< that make batches; 0: every batch is made by the thread that takes it
  int64_t workers = 1;       ///< hosted in this process
  int64_t first_worker = 0;  ///< number of the first of them in the whole run
  int64_t first_step = 0;    ///< the step that every worker takes first
  int64_t total_steps = 0;   ///< no batch is made for this step or a later one
};

/// Makes the batches of training before the workers ask for them, on threads of its own. At most `workers` +
/// 2 `threads` batches wait at a time, and the worker that has the fewest gets the next, so that workers may
/// advance at any pace, one by one or side by side. What a worker gets does not depend on the number of
/// threads, as batches are functions of step and worker.
class BatchAhead {
 public:
  /// What is borrowed must outlive it.
  BatchAhead(const Task& task, const Sampler& sampler, const BatchAheadOptions& options);
  /// Waits only for the batches that are in the making.
  ~BatchAhead();
  BatchAhead(const BatchAhead&) = delete;
  BatchAhead& operator=(const BatchAhead&) = delete;

  /// The batch of hosted worker `hosted` at `step`; the caller makes it where no thread has begun it. Each
  /// worker takes its steps in order; different workers may ask at the same time. Throws what making the
  /// batch threw.
  Batch take(int64_t hosted, int64_t step);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace muster::inline method
