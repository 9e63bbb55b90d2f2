#include <gtest/gtest.h>

#include <algorithm>

#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "tests/support/vectors.h"
#include "tests/unit/asynchronous/bowl_run.h"

namespace muster {
namespace {

std::unique_ptr<OuterOptimizer> nesterov(int64_t size, ElementType type) {
  return std::make_unique<Nesterov>(NesterovOptions{}, size, type);
}

MakeOuter delayed(int64_t delay, double spread = 0) {
  return [=](int64_t size, ElementType type) {
    return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{.delay = delay, .spread = spread}, size,
                                             type);
  };
}

using test::largest_difference;

TEST(AsyncLaws, DelayedNesterovOfOneIsNesterovPerArrival) {
  const BowlRunOptions options;
  BowlRun one(options, delayed(1)), plain(options, nesterov);
  int64_t arrivals = 0;
  while (one.run().advance()) {
    ASSERT_TRUE(plain.run().advance());
    ASSERT_LT(largest_difference(one.server().parameters(), plain.server().parameters()), 1e-12);
    ++arrivals;
  }
  EXPECT_EQ(arrivals, 200);
}

TEST(AsyncLaws, ThreadsChangeNoBit) {
  BowlRunOptions options;
  options.rule = ShardRule::progress;
  options.outages = {{1, 20, 40}, {3, 50, 51}};
  BowlRun one(options, delayed(4));
  options.threads = 3;
  BowlRun three(options, delayed(4));
  while (one.run().advance()) ASSERT_TRUE(three.run().advance());
  EXPECT_TRUE(same_bits(one.server().parameters(), three.server().parameters()));
  EXPECT_EQ(one.server().state().numbers, three.server().state().numbers);
}

TEST(AsyncLaws, WeightsScaleWhatIsHandedIn) {
  BowlRunOptions options;
  options.seconds = {1};
  options.weight.weight = 0.5;
  const auto sgd = [](double rate) {
    return [=](int64_t size, ElementType type) {
      return std::make_unique<HeavyBall>(OuterMomentumOptions{rate, 0}, size, type);
    };
  };
  BowlRun weighted(options, sgd(0.8));
  options.weight.weight = 1;
  BowlRun slower(options, sgd(0.4));
  while (weighted.run().advance()) slower.run().advance();
  EXPECT_LT(largest_difference(weighted.server().parameters(), slower.server().parameters()), 1e-12);
}

TEST(AsyncLaws, DelayCompensationVanishesWithoutStaleness) {
  BowlRunOptions options;
  options.seconds = {1};
  BowlRun plain(options, nesterov);
  BowlRun corrected(options, nesterov, std::make_unique<DelayCompensation>(0.05));
  while (plain.run().advance()) corrected.run().advance();
  EXPECT_TRUE(same_bits(plain.server().parameters(), corrected.server().parameters()));

  options.seconds = {0.58, 3.33};
  options.weight.weight = 0.1;
  BowlRun stale(options, nesterov),
      stale_corrected(options, nesterov, std::make_unique<DelayCompensation>(0.05));
  while (stale.run().advance()) stale_corrected.run().advance();
  EXPECT_GT(largest_difference(stale.server().parameters(), stale_corrected.server().parameters()), 1e-6);
}

// On a quadratic whose pseudo-gradients are c x, lambda = 1 / c makes of a stale one exactly that of the
// present parameters: c x - c c x. With the other sign it would be c x + c c x.
TEST(AsyncLaws, DelayCompensationGivesThePseudoGradientOfThePresent) {
  for (const double c : {0.25, 0.5}) {
    const auto sgd = [](int64_t size, ElementType type) {
      return std::make_unique<HeavyBall>(OuterMomentumOptions{1, 0}, size, type);
    };
    BowlRunOptions options;
    options.seconds = {1, 1, 1};
    const auto server = BowlRun::make_server(options, sgd, std::make_unique<DelayCompensation>(1 / c));
    for (int64_t worker = 0; worker < 3; ++worker) server->apply(WorkerJoined{worker, 0, {}});
    const auto given = server->apply(WorkersReleased{0}).assignments;
    const Vector start = server->parameters().copy(), expected = start.copy();
    for (const Assignment& round : given) {
      Contribution made;
      made.worker = round.worker;
      made.sequence = round.sequence;
      made.version = round.version;
      made.shard = round.shard;
      made.local_steps = round.local_steps;
      made.tokens = made.local_steps;
      made.completed = 10;
      made.pseudo_gradient = start.copy();
      multiply(made.pseudo_gradient, c);
      EXPECT_EQ(server->receive(made).verdict, Verdict::counted);
      for (int64_t i = 0; i < Bowl::size; ++i) {
        const double from = start.data<double>()[i], pseudo = c * from;
        double& to = expected.data<double>()[i];
        to -= pseudo + (1 / c) * pseudo * pseudo * (to - from);
      }
      EXPECT_LT(largest_difference(server->parameters(), expected), 1e-12);
      if (round.worker == 1) {
        const Vector present = start.copy();
        multiply(present, (1 - c) * (1 - c));
        EXPECT_LT(largest_difference(expected, present), 1e-12);
      }
    }
  }
}

TEST(AsyncLaws, LookAheadStartsWorkersAheadOfTheParameters) {
  BowlRunOptions options;
  options.look_ahead = true;
  BowlRun run(options, [](int64_t size, ElementType type) {
    return std::make_unique<EmaNesterov>(OuterMomentumOptions{}, size, type);
  });
  for (int i = 0; i < 20; ++i) run.run().advance();
  Vector expected = run.server().parameters().copy();
  run.server().outer().look_ahead(expected);
  EXPECT_TRUE(same_bits(run.server().starting_point(), expected));
  EXPECT_FALSE(same_bits(expected, run.server().parameters()));
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
