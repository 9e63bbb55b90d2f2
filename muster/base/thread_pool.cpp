#include "muster/base/thread_pool.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "muster/base/error.h"

namespace muster::inline base {

struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable finished;
  const std::function<void(int64_t)>* job = nullptr;
  int64_t jobs = 0;
  int64_t next = 0;
  int64_t running = 0;
  std::exception_ptr failure;
  bool stop = false;
  std::vector<std::thread> threads;

  // Takes jobs until none is left. Called and left with the lock held.
  void work(std::unique_lock<std::mutex>& lock) {
    while (next < jobs) {
      const int64_t index = next++;
      const auto* body = job;
      ++running;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*body)(index);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      --running;
      if (thrown) {
        if (!failure) failure = thrown;
        next = jobs;
      }
    }
    if (running == 0) finished.notify_all();
  }

  void serve(const std::function<void()>& on_start) {
    if (on_start) on_start();
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stop || next < jobs; });
      if (stop) return;
      work(lock);
    }
  }
};

ThreadPool::ThreadPool(int threads, std::function<void()> on_start) : shared_(std::make_unique<Shared>()) {
  invariant(threads >= 1, "a thread pool needs at least one thread");
  for (int i = 1; i < threads; ++i)
    shared_->threads.emplace_back([shared = shared_.get(), on_start] { shared->serve(on_start); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
  for (auto& thread : shared_->threads) thread.join();
}

int ThreadPool::size() const { return static_cast<int>(shared_->threads.size()) + 1; }

void ThreadPool::run(int64_t jobs, const std::function<void(int64_t)>& job) {
  std::unique_lock lock(shared_->mutex);
  invariant(shared_->job == nullptr, "ThreadPool::run called from one of its own jobs");
  shared_->job = &job;
  shared_->next = 0;
  shared_->jobs = jobs;
  shared_->failure = nullptr;
  if (jobs > 1) shared_->wake.notify_all();
  shared_->work(lock);
  shared_->finished.wait(lock, [this] { return shared_->running == 0; });
  shared_->job = nullptr;
  shared_->jobs = 0;
  shared_->next = 0;
  const std::exception_ptr failure = shared_->failure;
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace muster::inline base
