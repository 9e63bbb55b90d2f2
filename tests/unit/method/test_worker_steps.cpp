#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "muster/method/worker_steps.h"

namespace muster {
namespace {

TEST(WorkerSteps, EveryStepOfEveryWorkerRunsOnceAndInOrder) {
  for (const int threads : {1, 2, 4})
    for (const int64_t workers : {1, 2, 3, 7, 16})
      for (const int64_t steps : {1, 5, 33}) {
        ThreadPool pool(threads);
        std::vector<int64_t> done(static_cast<size_t>(workers), 0);
        std::vector<std::atomic<int>> inside(static_cast<size_t>(workers));
        std::atomic<bool> right = true;
        run_worker_steps(pool, workers, steps, [&](int64_t worker, int64_t first, int64_t last) {
          const auto w = static_cast<size_t>(worker);
          if (inside[w].fetch_add(1) != 0 || first != done[w] || last <= first) right = false;
          done[w] = last;
          inside[w].fetch_sub(1);
          return StepSeconds{};
        });
        EXPECT_TRUE(right);
        EXPECT_EQ(done, std::vector<int64_t>(static_cast<size_t>(workers), steps));
      }
}

TEST(WorkerSteps, TimesAreMeansOverTheThreads) {
  ThreadPool pool(2);
  const WorkerStepTimes times = run_worker_steps(pool, 4, 10, [](int64_t, int64_t first, int64_t last) {
    return StepSeconds{2.0 * static_cast<double>(last - first), 1.0 * static_cast<double>(last - first)};
  });
  EXPECT_DOUBLE_EQ(times.compute, 40);  // 4 workers, 10 steps, 2 s, two threads
  EXPECT_DOUBLE_EQ(times.data, 20);
  EXPECT_GE(times.waiting, 0);
}

TEST(WorkerSteps, AnErrorOfOneWorkerComesOut) {
  ThreadPool pool(2);
  EXPECT_THROW(run_worker_steps(pool, 3, 4,
                                [](int64_t worker, int64_t, int64_t) -> StepSeconds {
                                  if (worker == 1) throw std::runtime_error("worker 1");
                                  return {};
                                }),
               std::runtime_error);
}

}  // namespace
}  // namespace muster
