#include "muster/method/batch_ahead.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/libtorch/kernel_threads.h"

namespace muster::inline method {

namespace {

/// A batch in the making, or made: `done` says which.
struct PendingBatch {
  bool done = false;
  Batch batch;
  std::exception_ptr failure;
};

/// The batches begun for one worker and not taken yet, in the order of their steps.
struct WorkerQueue {
  int64_t next_taken = 0;  ///< step of the first batch
  int64_t next_begun = 0;  ///< step of the batch to be begun next
  std::deque<std::shared_ptr<PendingBatch>> batches;
};

}  // namespace

struct BatchAhead::Shared {
  const Task& task;
  const Sampler& sampler;
  const BatchAheadOptions options;
  std::mutex mutex;
  std::condition_variable room;  // a batch may be begun, or `stop` is set
  std::condition_variable made;
  std::vector<WorkerQueue> queues;
  int64_t waiting = 0;  // batches in all queues
  bool stop = false;
  std::vector<std::thread> threads;

  Shared(const Task& from_task, const Sampler& from_sampler, const BatchAheadOptions& with)
      : task(from_task), sampler(from_sampler), options(with) {
    WorkerQueue empty;
    empty.next_taken = empty.next_begun = options.first_step;
    queues.assign(static_cast<size_t>(options.workers), empty);
  }

  int64_t most_waiting() const { return options.workers + 2 * options.threads; }

  /// The worker with the fewest waiting batches, the least advanced among equals; -1: none may be begun now.
  int64_t worker_to_serve() const {
    if (waiting >= most_waiting()) return -1;
    int64_t best = -1;
    for (int64_t w = 0; w < options.workers; ++w) {
      const WorkerQueue& queue = queues[static_cast<size_t>(w)];
      if (queue.next_begun >= options.total_steps) continue;
      if (best < 0) {
        best = w;
        continue;
      }
      const WorkerQueue& other = queues[static_cast<size_t>(best)];
      const auto rank = [](const WorkerQueue& s) { return std::pair(s.batches.size(), s.next_begun); };
      if (rank(queue) < rank(other)) best = w;
    }
    return best;
  }

  Batch make(int64_t hosted, int64_t step) const {
    const int64_t worker = options.first_worker + hosted;
    return task.train_batch(sampler.samples(step, worker), sampler.pass(step, worker));
  }

  void serve() {
    use_single_threaded_kernels_here();
    std::unique_lock lock(mutex);
    while (true) {
      int64_t hosted = -1;
      room.wait(lock, [&] { return stop || (hosted = worker_to_serve()) >= 0; });
      if (stop) return;
      WorkerQueue& queue = queues[static_cast<size_t>(hosted)];
      const int64_t step = queue.next_begun++;
      const auto pending = std::make_shared<PendingBatch>();
      queue.batches.push_back(pending);
      ++waiting;
      lock.unlock();
      PendingBatch result;
      try {
        result.batch = make(hosted, step);
      } catch (...) {
        result.failure = std::current_exception();
      }
      result.done = true;
      lock.lock();
      *pending = std::move(result);
      made.notify_all();
    }
  }
};

BatchAhead::BatchAhead(const Task& task, const Sampler& sampler, const BatchAheadOptions& options)
    : shared_(std::make_unique<Shared>(task, sampler, options)) {
  invariant(options.threads >= 0 && options.workers >= 1, "batches ahead need workers");
  for (int64_t i = 0; i < options.threads; ++i)
    shared_->threads.emplace_back([shared = shared_.get()] { shared->serve(); });
}

BatchAhead::~BatchAhead() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->room.notify_all();
  for (auto& thread : shared_->threads) thread.join();
}

Batch BatchAhead::take(int64_t hosted, int64_t step) {
  std::unique_lock lock(shared_->mutex);
  WorkerQueue& queue = shared_->queues[static_cast<size_t>(hosted)];
  invariant(step == queue.next_taken, "a worker takes its batches in order");
  ++queue.next_taken;
  if (queue.batches.empty()) {
    queue.next_begun = step + 1;
    lock.unlock();
    return shared_->make(hosted, step);
  }
  const auto pending = queue.batches.front();
  shared_->made.wait(lock, [&] { return pending->done; });
  queue.batches.pop_front();
  --shared_->waiting;
  lock.unlock();
  shared_->room.notify_one();
  if (pending->failure) std::rethrow_exception(pending->failure);
  return std::move(pending->batch);
}

}  // namespace muster::inline method
