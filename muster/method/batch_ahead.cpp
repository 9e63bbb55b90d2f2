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

namespace muster {

namespace {

/// A batch that is made, or was; `done` says which.
struct Order {
  bool done = false;
  Batch batch;
  std::exception_ptr failure;
};

/// The batches begun for one worker and not taken yet, in order of steps.
struct Shelf {
  int64_t next_taken = 0;  ///< step of the first order
  int64_t next_begun = 0;  ///< step of the order to be placed next
  std::deque<std::shared_ptr<Order>> orders;
};

}  // namespace

struct BatchAhead::Shared {
  const Task& task;
  const Sampler& sampler;
  const BatchAheadOptions options;
  std::mutex mutex;
  std::condition_variable room;  // an order may be placed, or the end
  std::condition_variable made;
  std::vector<Shelf> shelves;
  int64_t waiting = 0;  // orders on all shelves
  bool stop = false;
  std::vector<std::thread> threads;

  Shared(const Task& from_task, const Sampler& from_sampler, const BatchAheadOptions& with)
      : task(from_task), sampler(from_sampler), options(with) {
    Shelf empty;
    empty.next_taken = empty.next_begun = options.first_step;
    shelves.assign(static_cast<size_t>(options.workers), empty);
  }

  int64_t most_waiting() const { return options.workers + 2 * options.threads; }

  /// The worker whose shelf is the emptiest, the least advanced among equals; -1: none may be filled now.
  int64_t worker_to_serve() const {
    if (waiting >= most_waiting()) return -1;
    int64_t best = -1;
    for (int64_t w = 0; w < options.workers; ++w) {
      const Shelf& shelf = shelves[static_cast<size_t>(w)];
      if (shelf.next_begun >= options.total_steps) continue;
      if (best < 0) {
        best = w;
        continue;
      }
      const Shelf& other = shelves[static_cast<size_t>(best)];
      const auto rank = [](const Shelf& s) { return std::pair(s.orders.size(), s.next_begun); };
      if (rank(shelf) < rank(other)) best = w;
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
      Shelf& shelf = shelves[static_cast<size_t>(hosted)];
      const int64_t step = shelf.next_begun++;
      const auto order = std::make_shared<Order>();
      shelf.orders.push_back(order);
      ++waiting;
      lock.unlock();
      Order result;
      try {
        result.batch = make(hosted, step);
      } catch (...) {
        result.failure = std::current_exception();
      }
      result.done = true;
      lock.lock();
      *order = std::move(result);
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
  Shelf& shelf = shared_->shelves[static_cast<size_t>(hosted)];
  invariant(step == shelf.next_taken, "a worker takes its batches in order");
  ++shelf.next_taken;
  if (shelf.orders.empty()) {
    shelf.next_begun = step + 1;
    lock.unlock();
    return shared_->make(hosted, step);
  }
  const auto order = shelf.orders.front();
  shared_->made.wait(lock, [&] { return order->done; });
  shelf.orders.pop_front();
  --shared_->waiting;
  lock.unlock();
  shared_->room.notify_one();
  if (order->failure) std::rethrow_exception(order->failure);
  return std::move(order->batch);
}

}  // namespace muster
