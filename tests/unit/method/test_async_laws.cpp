#include <gtest/gtest.h>

#include <limits>

#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/method/synchronous.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/constant_period.h"
#include "tests/unit/method/bowl_run.h"

namespace muster {
namespace {

std::unique_ptr<OuterOptimizer> nesterov(int64_t size, at::ScalarType type) {
  return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
}

MakeOuter delayed(int64_t delay, double spread = 0) {
  return [=](int64_t size, at::ScalarType type) {
    return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = delay, .spread = spread}, size,
                                             type);
  };
}

MakeOuter buffered(int64_t delay) {
  return [=](int64_t size, at::ScalarType type) {
    return std::make_unique<Buffered>(nesterov(size, type), delay, size, type);
  };
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

/// The lockstep run that an asynchronous one must equal: the anchor after every round.
std::vector<at::Tensor> lockstep(BowlRun& like, const BowlRunOptions& options) {
  Solo alone;
  ThreadPool pool(1);
  Averager averager(alone, pool);
  SynchronousOptions sync;
  sync.total_steps = options.rounds * options.local_steps;
  sync.hosted_workers = static_cast<int64_t>(options.seconds.size());
  sync.seed = 1;
  Synchronous method({like.task(), like.sampler(), pool, averager, like.rate(),
                      std::make_unique<ConstantPeriod>(ConstantPeriodOptions{options.local_steps}),
                      nesterov(11, at::kDouble),
                      [](const Layout& layout, at::ScalarType type) {
                        return std::make_unique<Sgd>(SgdOptions{.momentum = 0.5}, layout, type);
                      }},
                     sync);
  std::vector<at::Tensor> anchors;
  while (const auto progress = method.advance(sync.total_steps)) {
    if (!progress->round) continue;
    at::Tensor anchor = flat_vector(11, at::kDouble);
    method.copy_mean_parameters(anchor);
    anchors.push_back(anchor);
  }
  return anchors;
}

void expect_equal_to_lockstep(BowlRun& run, const BowlRunOptions& options) {
  const std::vector<at::Tensor> expected = lockstep(run, options);
  ASSERT_EQ(expected.size(), static_cast<size_t>(options.rounds));
  size_t round = 0;
  while (run.run().advance()) {
    if (run.server().version() % 4 != 0) continue;
    ASSERT_LT(distance(run.server().parameters(), expected[round]), 1e-12) << "round " << round;
    ++round;
  }
  EXPECT_EQ(round, expected.size());
  EXPECT_GT(distance(run.server().parameters(), expected[0]), 0.01) << "something was learnt";
}

TEST(AsyncLaws, EqualSpeedsAndDelayedNesterovOfAllWorkersAreLockstepNesterov) {
  BowlRunOptions options;
  options.seconds = {1, 1, 1, 1};
  BowlRun run(options, delayed(4));
  expect_equal_to_lockstep(run, options);
}

TEST(AsyncLaws, InfiniteGraceAndABufferAreLockstep) {
  BowlRunOptions options;
  options.grace = std::numeric_limits<double>::infinity();
  BowlRun run(options, buffered(4));
  expect_equal_to_lockstep(run, options);
  options.grace = 1000;
  BowlRun long_grace(options, delayed(4));
  expect_equal_to_lockstep(long_grace, options);
}

TEST(AsyncLaws, DelayedNesterovOfOneIsNesterovPerArrival) {
  const BowlRunOptions options;
  BowlRun one(options, delayed(1)), plain(options, nesterov);
  int64_t arrivals = 0;
  while (one.run().advance()) {
    ASSERT_TRUE(plain.run().advance());
    ASSERT_LT(distance(one.server().parameters(), plain.server().parameters()), 1e-12);
    ++arrivals;
  }
  EXPECT_EQ(arrivals, 200);
}

// One worker alone is never stale: N = 1 is the lockstep run of one worker.
TEST(AsyncLaws, OneWorkerAloneIsLockstepWithOneWorker) {
  BowlRunOptions options;
  options.seconds = {2.5};
  BowlRun run(options, delayed(1));
  const auto expected = lockstep(run, options);
  size_t round = 0;
  while (run.run().advance()) {
    ASSERT_LT(distance(run.server().parameters(), expected[round]), 1e-12);
    ++round;
  }
  EXPECT_EQ(round, expected.size());
  EXPECT_EQ(run.server().counts().staleness_max, 0);
}

TEST(AsyncLaws, ThreadsChangeNoBit) {
  BowlRunOptions options;
  options.rule = ShardRule::progress;
  options.outages = {{1, 20, 40}, {3, 50, 51}};
  BowlRun one(options, delayed(4));
  options.threads = 3;
  BowlRun three(options, delayed(4));
  while (one.run().advance()) ASSERT_TRUE(three.run().advance());
  EXPECT_TRUE(at::equal(one.server().parameters(), three.server().parameters()));
  EXPECT_EQ(one.server().state().numbers, three.server().state().numbers);
}

TEST(AsyncLaws, WeightsScaleWhatIsHandedIn) {
  BowlRunOptions options;
  options.seconds = {1};
  options.weight.weight = 0.5;
  const auto sgd = [](double rate) {
    return [=](int64_t size, at::ScalarType type) {
      return std::make_unique<HeavyBall>(OuterMomentumOptions{rate, 0}, size, type);
    };
  };
  BowlRun weighted(options, sgd(0.8));
  options.weight.weight = 1;
  BowlRun slower(options, sgd(0.4));
  while (weighted.run().advance()) slower.run().advance();
  EXPECT_LT(distance(weighted.server().parameters(), slower.server().parameters()), 1e-12);
}

TEST(AsyncLaws, DelayCompensationVanishesWithoutStaleness) {
  BowlRunOptions options;
  options.seconds = {1};
  BowlRun plain(options, nesterov);
  BowlRun corrected(options, nesterov, std::make_unique<DelayCompensation>(0.05));
  while (plain.run().advance()) corrected.run().advance();
  EXPECT_TRUE(at::equal(plain.server().parameters(), corrected.server().parameters()));

  options.seconds = {0.58, 3.33};
  options.weight.weight = 0.1;
  BowlRun stale(options, nesterov),
      stale_corrected(options, nesterov, std::make_unique<DelayCompensation>(0.05));
  while (stale.run().advance()) stale_corrected.run().advance();
  EXPECT_GT(distance(stale.server().parameters(), stale_corrected.server().parameters()), 1e-6);
}

// On a quadratic whose pseudo-gradients are c x, lambda = 1 / c makes of a stale one exactly that of the
// present parameters: c x - c c x. With the other sign it would be c x + c c x.
TEST(AsyncLaws, DelayCompensationGivesThePseudoGradientOfThePresent) {
  for (const double c : {0.25, 0.5}) {
    const auto sgd = [](int64_t size, at::ScalarType type) {
      return std::make_unique<HeavyBall>(OuterMomentumOptions{1, 0}, size, type);
    };
    BowlRunOptions options;
    options.seconds = {1, 1, 1};
    const auto server = BowlRun::make_server(options, sgd, std::make_unique<DelayCompensation>(1 / c));
    for (int64_t worker = 0; worker < 3; ++worker) server->apply(WorkerJoined{worker, 0, {}});
    const auto given = server->apply(WorkersReleased{0}).assignments;
    const at::Tensor start = server->parameters().clone();
    at::Tensor expected = start.clone();
    for (const Assignment& round : given) {
      Contribution made;
      made.worker = round.worker;
      made.sequence = round.sequence;
      made.version = round.version;
      made.shard = round.shard;
      made.local_steps = round.local_steps;
      made.tokens = made.local_steps;
      made.completed = 10;
      made.pseudo_gradient = start * c;
      EXPECT_EQ(server->receive(made).verdict, Verdict::counted);
      expected = expected - (c * start + (1 / c) * (c * start) * (c * start) * (expected - start));
      EXPECT_LT(distance(server->parameters(), expected), 1e-12);
      if (round.worker == 1) {
        EXPECT_LT(distance(expected, (1 - c) * (1 - c) * start), 1e-12);
      }
    }
  }
}

TEST(AsyncLaws, LookAheadStartsWorkersAheadOfTheParameters) {
  BowlRunOptions options;
  options.look_ahead = true;
  BowlRun run(options, [](int64_t size, at::ScalarType type) {
    return std::make_unique<EmaNesterov>(OuterMomentumOptions{}, size, type);
  });
  for (int i = 0; i < 20; ++i) run.run().advance();
  at::Tensor expected = run.server().parameters().clone();
  run.server().outer().look_ahead(expected);
  EXPECT_TRUE(at::equal(run.server().starting_point(), expected));
  EXPECT_FALSE(at::equal(expected, run.server().parameters()));
}

// The learning-rate clock and the place in the data are the shard's (Eq. 3), whoever trains it.
TEST(AsyncLaws, StepsFollowTheShardsClock) {
  BowlRunOptions options;
  options.rule = ShardRule::least_visited;
  BowlRun run(options, delayed(4));
  std::vector<int64_t> clocks(4, 0);
  std::vector<std::pair<int64_t, int64_t>> given;  // (shard, first step)
  while (const auto arrival = run.run().advance())
    given.emplace_back(arrival->assignment.shard, arrival->assignment.first_step);
  std::sort(given.begin(), given.end());
  for (const auto& [shard, first] : given) {
    EXPECT_EQ(first % 5, 0);
    clocks[static_cast<size_t>(shard)] += first == 5 * clocks[static_cast<size_t>(shard)] ? 1 : 0;
  }
  for (const int64_t clock : clocks) EXPECT_NEAR(static_cast<double>(clock), 50, 4);
}

}  // namespace
}  // namespace muster
