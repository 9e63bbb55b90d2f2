#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "muster/base/error.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/staleness_weight.h"

namespace muster {
namespace {

DispatchOptions options_of(int64_t local_steps, double grace, size_t shards = 4,
                           ShardRule rule = ShardRule::fixed) {
  DispatchOptions options;
  options.local_steps.local_steps = local_steps;
  options.grace = grace;
  options.sampling = {rule, std::vector<int64_t>(shards, 1)};
  return options;
}

TEST(Dispatch, AllWhoJoinTogetherStartFromTheSameVersion) {
  Dispatcher dispatcher(options_of(20, 0));
  for (int64_t worker = 0; worker < 3; ++worker) dispatcher.join(worker, 1.5);
  EXPECT_EQ(dispatcher.grace_closes(), 1.5);
  const auto given = dispatcher.release(7);
  ASSERT_EQ(given.size(), 3U);
  for (int64_t worker = 0; worker < 3; ++worker)
    EXPECT_EQ(given[static_cast<size_t>(worker)], (Assignment{worker, worker, 20, 0, 7, 0}));
  EXPECT_FALSE(dispatcher.grace_closes());
  EXPECT_FALSE(dispatcher.anybody_ready());
  EXPECT_EQ(dispatcher.open_assignment(2)->version, 7);
}

TEST(Dispatch, TheFirstToArriveOpensTheWindowAndTheOthersDoNotMoveIt) {
  Dispatcher dispatcher(options_of(20, 0.5));
  for (int64_t worker = 0; worker < 3; ++worker) dispatcher.join(worker, 0);
  dispatcher.release(0);
  dispatcher.arrive(1, 10, 20, 10);
  EXPECT_EQ(dispatcher.grace_closes(), 10.5);
  dispatcher.arrive(0, 10.4, 20, 10.4);
  EXPECT_EQ(dispatcher.grace_closes(), 10.5);
  EXPECT_FALSE(dispatcher.everybody_ready());
  dispatcher.arrive(2, 10.5, 20, 10.5);
  EXPECT_TRUE(dispatcher.everybody_ready());
  const auto given = dispatcher.release(3);
  ASSERT_EQ(given.size(), 3U);
  EXPECT_EQ(given[0].worker, 1);
  EXPECT_EQ(given[1].worker, 0);
  EXPECT_EQ(given[0].sequence, 1);
  EXPECT_EQ(given[0].first_step, 20) << "the shard's clock counts the steps handed out before";
  EXPECT_EQ(dispatcher.local_steps_done(), 60);
}

TEST(Dispatch, AWorkerThatLeavesLosesItsRoundAndGoesOnCountingWhenItComesBack) {
  Dispatcher dispatcher(options_of(20, 0));
  dispatcher.join(0, 0);
  dispatcher.join(1, 0);
  dispatcher.release(0);
  dispatcher.leave(0);
  EXPECT_EQ(dispatcher.open_assignment(0), nullptr);
  EXPECT_FALSE(dispatcher.present(0));
  EXPECT_TRUE(dispatcher.known(0));
  EXPECT_FALSE(dispatcher.known(5));
  EXPECT_EQ(dispatcher.members(), std::vector<int64_t>{1});
  dispatcher.join(0, 9);
  const auto given = dispatcher.release(4);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].sequence, 1);
  EXPECT_EQ(given[0].first_step, 20) << "steps handed out stay handed out";
  EXPECT_EQ(dispatcher.local_steps_done(), 0);
  dispatcher.arrive(0, 10, 20, 1);
  dispatcher.leave(0);
  EXPECT_FALSE(dispatcher.grace_closes()) << "the window closes with the last who was ready";
}

TEST(Dispatch, DroppedRoundsDoNotCountButGoOn) {
  Dispatcher dispatcher(options_of(20, 0));
  dispatcher.join(0, 0);
  dispatcher.release(0);
  dispatcher.arrive(0, 5, 20, 5, false);
  EXPECT_EQ(dispatcher.local_steps_done(), 0);
  EXPECT_EQ(dispatcher.release(0).size(), 1U);
}

TEST(Dispatch, BreaksOfTheContractAreBugs) {
  Dispatcher dispatcher(options_of(20, 0));
  EXPECT_THROW(dispatcher.arrive(0, 0, 20, 0), Bug);
  dispatcher.join(0, 0);
  EXPECT_THROW(dispatcher.join(0, 0), Bug);
  EXPECT_THROW(dispatcher.arrive(0, 0, 20, 0), Bug);
  dispatcher.release(0);
  EXPECT_THROW(dispatcher.arrive(0, 0, 21, 0), Bug);
  EXPECT_THROW(dispatcher.arrive(0, 0, 0, 0), Bug);
}

TEST(Dispatch, WrongOptionsAreToldByTheirKeys) {
  const auto message = [](const DispatchOptions& options) -> std::string {
    try {
      Dispatcher dispatcher(options);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_TRUE(message(options_of(0, 0)).starts_with("async.local_steps = 0"));
  EXPECT_TRUE(message(options_of(1, -1)).starts_with("async.grace = -1"));
  EXPECT_TRUE(message(options_of(1, std::numeric_limits<double>::quiet_NaN())).starts_with("async.grace"));
  EXPECT_TRUE(message(options_of(1, 0, 0)).starts_with("async.shards = 0"));
  DispatchOptions quantile = options_of(1, 0);
  quantile.local_steps.speed_quantile = 0;
  EXPECT_TRUE(message(quantile).starts_with("async.speed_quantile"));
  EXPECT_EQ(message(options_of(1, 0)), "");
}

// A walk with joins, leaves and arrivals, the same for the same choices.
void walk(Dispatcher& dispatcher, int from, int to, std::vector<Assignment>& given) {
  for (int i = from; i < to; ++i) {
    const int64_t worker = i * 7 % 5;
    if (!dispatcher.present(worker))
      dispatcher.join(worker, i,
                      i % 2 == 0 ? std::optional(0.5 + 0.1 * static_cast<double>(worker)) : std::nullopt);
    else if (i % 11 == 0)
      dispatcher.leave(worker);
    else if (const Assignment* const open = dispatcher.open_assignment(worker))
      dispatcher.arrive(worker, i, open->local_steps, 3.0 + i % 4);
    if (i % 3 == 0)
      for (const Assignment& assignment : dispatcher.release(i)) given.push_back(assignment);
  }
}

TEST(Dispatch, RestoredAtAnyPointItGoesOnAsTheUndisturbedOne) {
  for (const ShardRule rule : {ShardRule::progress, ShardRule::least_visited, ShardRule::fixed}) {
    DispatchOptions options = options_of(30, 0.5, 7, rule);
    options.local_steps.dynamic = true;
    options.sampling.sizes = {5, 9, 1, 4, 4, 12, 3};
    for (const int cut : {0, 1, 17, 40, 77}) {
      Dispatcher whole(options), first(options), second(options);
      std::vector<Assignment> expected, found;
      walk(whole, 0, 120, expected);
      walk(first, 0, cut, found);
      second.restore(first.state());
      EXPECT_EQ(second.state(), first.state());
      walk(second, cut, 120, found);
      EXPECT_EQ(found, expected) << "cut at " << cut;
      EXPECT_GT(expected.size(), 30U);
      EXPECT_EQ(second.state(), whole.state());
    }
  }
}

TEST(DynamicLocalUpdates, AreExactForDecimalSpeeds) {
  const std::vector<double> speeds = {0.58, 0.75, 1.51, 3.33};
  std::vector<int64_t> twenty, fifty;
  for (const double seconds : speeds) {
    twenty.push_back(dynamic_local_updates(seconds, 0.58, 20));
    fifty.push_back(dynamic_local_updates(seconds, 0.58, 50));
  }
  EXPECT_EQ(twenty, (std::vector<int64_t>{20, 15, 7, 3}));
  EXPECT_EQ(fifty, (std::vector<int64_t>{50, 38, 19, 8}));
  // A quotient that is a whole number in decimals is that number, whatever the rounding of its parts.
  for (int64_t h = 1; h <= 300; ++h)
    for (const double unit : {0.58, 0.1, 0.7, 1.1, 3.33}) {
      EXPECT_EQ(dynamic_local_updates(unit, unit, h), h);
      EXPECT_EQ(dynamic_local_updates(unit * static_cast<double>(h), unit, h), 1);
      EXPECT_EQ(dynamic_local_updates(unit * 3, unit, 3 * h), h);
    }
  EXPECT_EQ(dynamic_local_updates(1000, 0.1, 20), 1) << "at least one";
  EXPECT_EQ(dynamic_local_updates(0.1, 0.2, 20), 20) << "at most H";
}

TEST(DynamicLocalUpdates, FollowMeasuredSpeeds) {
  DispatchOptions options = options_of(20, 0);
  options.local_steps.dynamic = true;
  Dispatcher dispatcher(options);
  dispatcher.join(0, 0);
  dispatcher.join(1, 0);
  for (const auto& assignment : dispatcher.release(0)) EXPECT_EQ(assignment.local_steps, 20) << "unknown yet";
  dispatcher.arrive(0, 10, 20, 10);
  EXPECT_EQ(dispatcher.release(1)[0].local_steps, 20);
  dispatcher.arrive(1, 40, 20, 40);
  EXPECT_EQ(dispatcher.local_steps_of(1), 5);
  dispatcher.arrive(0, 60, 20, 40);
  EXPECT_EQ(dispatcher.local_steps_of(1), 20) << "the fast one has become as slow";
  EXPECT_EQ(dispatcher.seconds_per_step(0), 2.0);
}

TEST(DynamicLocalUpdates, AQuantileLeavesOutTheFastest) {
  Speeds speeds;
  for (int64_t worker = 0; worker < 10; ++worker) speeds.set(worker, 1.0 + static_cast<double>(worker));
  EXPECT_EQ(speeds.reference(1), 1.0);
  EXPECT_EQ(speeds.reference(0.9), 2.0);
  EXPECT_EQ(speeds.reference(0.1), 10.0);
  speeds.forget(0);
  EXPECT_EQ(speeds.reference(1), 2.0);
  speeds.set(5, 0.5);
  EXPECT_EQ(speeds.reference(1), 0.5);
  EXPECT_FALSE(Speeds().reference(1));
}

TEST(StalenessWeight, IsThePowerOfOnePlusStaleness) {
  const PolynomialWeight plain({.weight = 0.5});
  EXPECT_EQ(plain.of(0), 0.5);
  EXPECT_EQ(plain.of(100), 0.5);
  const PolynomialWeight poly({.weight = 0.5, .power = 0.5, .threshold = 10});
  EXPECT_DOUBLE_EQ(poly.of(3), 0.25);
  EXPECT_GT(poly.of(10), 0);
  EXPECT_EQ(poly.of(11), 0);
  EXPECT_THROW(PolynomialWeight({.weight = 0}), OptionError);
  EXPECT_THROW(PolynomialWeight({.power = -1}), OptionError);
  EXPECT_THROW(PolynomialWeight({.threshold = -1}), OptionError);
  EXPECT_THROW(plain.of(-1), Bug);
}

}  // namespace
}  // namespace muster
