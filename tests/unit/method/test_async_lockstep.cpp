// The asynchronous run whose workers keep step is the synchronous run, where both train replicas.
#include <gtest/gtest.h>

#include <limits>

#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/method/replica_worker.h"
#include "muster/method/synchronous.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/constant_period.h"
#include "muster/task/samplers/samplers.h"
#include "tests/support/vectors.h"
#include "tests/unit/asynchronous/bowl_run.h"
#include "tests/unit/method/noisy_bowl_task.h"

namespace muster {
namespace {

using test::largest_difference;

std::unique_ptr<OuterOptimizer> nesterov(int64_t size, ElementType type) {
  return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
}

MakeOuter delayed(int64_t delay) {
  return [=](int64_t size, ElementType type) {
    return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = delay}, size, type);
  };
}

MakeOuter buffered(int64_t delay) {
  return [=](int64_t size, ElementType type) {
    return std::make_unique<Buffered>(nesterov(size, type), delay, size, type);
  };
}

std::unique_ptr<InnerOptimizer> make_sgd(const Layout& layout, ElementType type) {
  return std::make_unique<Sgd>(SgdOptions{.momentum = 0.5}, layout, type);
}

/// Deals as the workers of tests/unit/asynchronous draw.
class BowlSampler final : public Sampler {
 public:
  explicit BowlSampler(int64_t batch) : batch_(batch) {}
  int64_t steps_per_epoch() const override { return 1; }
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override {
    return Bowl::batch(step, worker, batch_);
  }

 private:
  int64_t batch_;
};

/// A BowlRun whose workers are replicas that train a task.
class ReplicaRun {
 public:
  ReplicaRun(const BowlRunOptions& options, const MakeOuter& outer,
             std::unique_ptr<Sampler> sampler = nullptr)
      : sampler_(std::move(sampler)), rates_(options.seconds.size(), options.learning_rate()) {
    if (!sampler_)
      sampler_ = std::make_unique<ShardSampler>(SamplerOptions{
          .samples = task_.train_size(), .workers = options.workers(), .batch = options.batch, .seed = 1});
    run_ = std::make_unique<BowlRun>(options, outer, nullptr, nullptr, [this] {
      return std::make_unique<ReplicaWorker>(ReplicaWorkerParts{task_, *sampler_, rates_, make_sgd},
                                             ReplicaWorkerOptions{.seed = 1});
    });
  }

  VirtualRun& run() { return run_->run(); }
  AsyncServer& server() { return run_->server(); }
  const Task& task() const { return task_; }
  const Sampler& sampler() const { return *sampler_; }
  const LearningRate& rate() const { return rates_.front(); }

 private:
  NoisyBowlTask task_;
  std::unique_ptr<Sampler> sampler_;
  std::vector<LearningRate> rates_;  // by shard
  std::unique_ptr<BowlRun> run_;
};

/// The lockstep run that an asynchronous one must equal: the anchor after every round.
std::vector<Vector> lockstep(const ReplicaRun& like, const BowlRunOptions& options) {
  Solo alone;
  ThreadPool pool(1);
  Averager averager(alone, pool);
  SynchronousOptions sync;
  sync.total_steps = options.rounds * options.local_steps;
  sync.hosted_workers = options.workers();
  sync.seed = 1;
  Synchronous method({like.task(), like.sampler(), pool, averager, like.rate(),
                      std::make_unique<ConstantPeriod>(ConstantPeriodOptions{options.local_steps}),
                      nesterov(11, ElementType::float64), make_sgd},
                     sync);
  std::vector<Vector> anchors;
  while (const auto progress = method.advance(sync.total_steps)) {
    if (!progress->round) continue;
    anchors.push_back(method.mean_parameters().copy());
  }
  return anchors;
}

void expect_equal_to_lockstep(ReplicaRun& run, const BowlRunOptions& options) {
  const std::vector<Vector> expected = lockstep(run, options);
  ASSERT_EQ(expected.size(), static_cast<size_t>(options.rounds));
  size_t round = 0;
  while (run.run().advance()) {
    if (run.server().version() % 4 != 0) continue;
    ASSERT_LT(largest_difference(run.server().parameters(), expected[round]), 1e-12) << "round " << round;
    ++round;
  }
  EXPECT_EQ(round, expected.size());
  EXPECT_GT(largest_difference(run.server().parameters(), expected[0]), 0.01) << "something was learnt";
}

TEST(AsyncLockstep, EqualSpeedsAndDelayedNesterovOfAllWorkersAreLockstepNesterov) {
  BowlRunOptions options;
  options.seconds = {1, 1, 1, 1};
  ReplicaRun run(options, delayed(4));
  expect_equal_to_lockstep(run, options);
}

TEST(AsyncLockstep, InfiniteGraceAndABufferAreLockstep) {
  BowlRunOptions options;
  options.grace = std::numeric_limits<double>::infinity();
  ReplicaRun run(options, buffered(4));
  expect_equal_to_lockstep(run, options);
  options.grace = 1000;
  ReplicaRun long_grace(options, delayed(4));
  expect_equal_to_lockstep(long_grace, options);
}

// One worker alone is never stale: N = 1 is the lockstep run of one worker.
TEST(AsyncLockstep, OneWorkerAloneIsLockstepWithOneWorker) {
  BowlRunOptions options;
  options.seconds = {2.5};
  ReplicaRun run(options, delayed(1));
  const auto expected = lockstep(run, options);
  size_t round = 0;
  while (run.run().advance()) {
    ASSERT_LT(largest_difference(run.server().parameters(), expected[round]), 1e-12);
    ++round;
  }
  EXPECT_EQ(round, expected.size());
  EXPECT_EQ(run.server().counts().staleness_max, 0);
}

// With outages, so that optimizers begin anew.
TEST(AsyncLockstep, ReplicasMakeTheStepsOfWorkersWithoutLibTorch) {
  BowlRunOptions options;
  options.rule = ShardRule::progress;
  options.outages = {{1, 20, 40}, {3, 50, 51}};
  BowlRun plain(options, delayed(4));
  ReplicaRun replicas(options, delayed(4), std::make_unique<BowlSampler>(options.batch));
  while (const auto arrival = plain.run().advance()) {
    const auto same = replicas.run().advance();
    ASSERT_TRUE(same);
    ASSERT_NEAR(same->loss, arrival->loss, 1e-12);
    ASSERT_LT(largest_difference(plain.server().parameters(), replicas.server().parameters()), 1e-12);
  }
}

}  // namespace
}  // namespace muster
