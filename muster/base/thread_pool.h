#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace muster::inline base {

/// A fixed number of threads that run numbered jobs. The calling thread works too, so a pool of T threads
/// starts T - 1.
class ThreadPool {
 public:
  /// `on_start` runs once in every started thread (not in the caller's) before its first job.
  explicit ThreadPool(int threads, std::function<void()> on_start = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  /// Runs job(0) ... job(jobs - 1), each once, in any order on any thread; returns when all are done. The
  /// first exception is rethrown here, and jobs not yet started are then left out. Not reentrant.
  void run(int64_t jobs, const std::function<void(int64_t)>& job);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace muster::inline base
