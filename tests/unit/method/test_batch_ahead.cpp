#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/method/batch_ahead.h"
#include "tests/unit/method/small_run.h"

namespace muster {
namespace {

/// Batches that say whose they are, and a record of who asked for what.
class SpyTask final : public Task {
 public:
  std::string name() const override { return "spy"; }
  std::unique_ptr<Model> make_model() const override { throw Bug("a spy has no model"); }
  int64_t train_size() const override { return 1000; }
  int64_t test_size() const override { return 0; }
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override {
    const int64_t now = ++running;
    most_running = std::max<int64_t>(most_running, now);
    std::this_thread::sleep_for(pause);
    --running;
    ++made;
    {
      const std::lock_guard lock(mutex);
      ++times[{epoch, samples[0]}];
    }
    if (samples[0] == broken) throw DataError("sample 7 is broken");
    return {at::full({1}, samples[0]), at::full({1}, epoch, at::kLong)};
  }
  Batch test_batch(int64_t, int64_t) const override { return {}; }
  int64_t activation_bytes(int64_t) const override { return 0; }

  std::chrono::milliseconds pause{0};
  int64_t broken = -1;
  mutable std::atomic<int64_t> running = 0, most_running = 0, made = 0;
  mutable std::mutex mutex;
  mutable std::map<std::pair<int64_t, int64_t>, int> times;
};

/// Sample 100 worker + step, ten steps an epoch.
class PlainSampler final : public Sampler {
 public:
  int64_t steps_per_epoch() const override { return 10; }
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override { return {100 * worker + step}; }
};

void expect_batch(const Batch& batch, int64_t worker, int64_t step) {
  EXPECT_EQ(batch.inputs.item<double>(), static_cast<double>(100 * worker + step));
  EXPECT_EQ(batch.targets.item<int64_t>(), step / 10);
}

TEST(BatchAhead, GivesEveryWorkerItsOwnStepsForAnyNumberOfThreadsAndAnyPace) {
  const PlainSampler sampler;
  for (const int64_t threads : {0, 1, 3}) {
    SpyTask task;
    {
      BatchAhead batches(
          task, sampler,
          {.threads = threads, .workers = 3, .first_worker = 4, .first_step = 5, .total_steps = 45});
      for (int64_t step = 5; step < 20; ++step)  // one worker far ahead of the others
        expect_batch(batches.take(1, step), 5, step);
      for (int64_t step = 5; step < 45; ++step) {
        if (step >= 20) expect_batch(batches.take(1, step), 5, step);
        expect_batch(batches.take(0, step), 4, step);
        expect_batch(batches.take(2, step), 6, step);
      }
    }
    EXPECT_EQ(task.made, 3 * 40) << threads << " threads: none twice, none beyond the end";
    for (const auto& [sample, times] : task.times) EXPECT_EQ(times, 1);
  }
}

TEST(BatchAhead, WorksAheadToItsBoundAndNoFurther) {
  const PlainSampler sampler;
  SpyTask task;
  BatchAhead batches(task, sampler, {.threads = 2, .workers = 3, .total_steps = 100});
  for (int i = 0; i < 500 && task.made < 7; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(task.made, 3 + 2 * 2);
  expect_batch(batches.take(0, 0), 0, 0);
  for (int i = 0; i < 500 && task.made < 8; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(task.made, 8) << "a batch taken makes room for one";
}

TEST(BatchAhead, ManyWorkersOnTheirOwnThreads) {
  const PlainSampler sampler;
  SpyTask task;
  task.pause = std::chrono::milliseconds(1);
  {
    BatchAhead batches(task, sampler, {.threads = 2, .workers = 4, .total_steps = 60});
    std::vector<std::thread> workers;
    for (int64_t worker = 0; worker < 4; ++worker)
      workers.emplace_back([&batches, worker] {
        for (int64_t step = 0; step < 60; ++step) expect_batch(batches.take(worker, step), worker, step);
      });
    for (auto& thread : workers) thread.join();
  }
  EXPECT_EQ(task.made, 240);
  EXPECT_GT(task.most_running, 1);
}

TEST(BatchAhead, AnErrorReachesTheWorkerAtTheStepItBelongsTo) {
  const PlainSampler sampler;
  for (const int64_t threads : {0, 1, 3}) {
    SpyTask task;
    task.broken = 7;
    BatchAhead batches(task, sampler, {.threads = threads, .workers = 1, .total_steps = 50});
    for (int64_t step = 0; step < 7; ++step) expect_batch(batches.take(0, step), 0, step);
    EXPECT_THROW(batches.take(0, 7), DataError);
    expect_batch(batches.take(0, 8), 0, 8);
  }
}

TEST(BatchAhead, StopsAtOnce) {
  const PlainSampler sampler;
  SpyTask task;
  task.pause = std::chrono::milliseconds(20);
  const Stopwatch watch;
  { BatchAhead batches(task, sampler, {.threads = 2, .workers = 50, .total_steps = 1000}); }
  EXPECT_LE(task.made, 4);
  EXPECT_LT(watch.seconds(), 1.0) << "fifty batches would take that";
}

TEST(BatchAhead, RefusesStepsOutOfOrder) {
  const PlainSampler sampler;
  const SpyTask task;
  BatchAhead batches(task, sampler, {.threads = 0, .workers = 1, .total_steps = 5});
  batches.take(0, 0);
  EXPECT_THROW(batches.take(0, 2), Bug);
}

// Also for gradients averaged, and across a restore in the middle of a round.
TEST(BatchAhead, NoNumberOfLoaderThreadsChangesABit) {
  const auto task = small_task(ImageNetwork::resnet8);
  std::vector<Vector> results;
  for (const int64_t loaders : {0, 1, 3}) {
    const SmallRunOptions options{.workers = 3, .steps = 14, .loader_threads = loaders};
    SmallRun run(*task, options, constant(4), sgd());
    run.finish();
    results.push_back(run.parameters());
    SmallRun first(*task, options, constant(4), sgd());
    for (int i = 0; i < 3; ++i) first.method().advance(2);
    SmallRun second(*task, options, constant(4), sgd());
    second.method().advance(1);  // its loaders are at other steps
    second.method().restore(first.method().state());
    second.finish();
    results.push_back(second.parameters());
  }
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, results[0]));
}

}  // namespace
}  // namespace muster
