#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/plan/event_simulation.h"
#include "muster/plan/failure_time.h"
#include "muster/plan/fit_rounds.h"
#include "muster/plan/from_totals.h"
#include "muster/plan/meeting_time.h"
#include "muster/plan/round_maximum.h"
#include "muster/plan/run_time.h"
#include "muster/plan/schedule_walk.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/preview.h"
#include "muster/schedule/quadratic_rule.h"

namespace muster {
namespace {

LearningRate cosine(int64_t steps) {
  return LearningRate({.peak = 0.008, .final = 1e-6, .warmup_steps = steps / 10}, steps);
}

TEST(ScheduleWalk, CountsTheRoundsOfAPreview) {
  const LearningRate rate = cosine(93600);
  QuadraticRule rule({.base_period = 4, .growth = 0.0175, .warmup_steps = 9360}), again(rule);
  const ScheduleWalk walk = walk_schedule(rule, RateCurve(rate, 93600));
  const Preview shown = preview(again, rate, 93600);
  EXPECT_EQ(walk.meetings(), shown.rounds);
  EXPECT_EQ(walk.gradient_rounds, 0);
  int64_t steps = 0;
  for (const RoundCount& count : walk.rounds) steps += count.period * count.rounds;
  EXPECT_EQ(steps, 93600);
  for (size_t i = 1; i < walk.rounds.size(); ++i) EXPECT_LT(walk.rounds[i - 1].period, walk.rounds[i].period);
}

TEST(ScheduleWalk, ClosedFormsAreTheSchedules) {
  const RateCurve curve(cosine(1003), 1003);
  for (const int64_t period : {1, 4, 7, 1003}) {
    ConstantPeriod constant({.base_period = period});
    PostLocal late({.base_period = period, .switch_step = 400});
    EXPECT_EQ(walk_schedule(constant, curve).rounds, walk_constant(1003, period).rounds);
    const ScheduleWalk walked = walk_schedule(late, curve), closed = walk_constant(1003, period, 400);
    EXPECT_EQ(walked.rounds, closed.rounds);
    EXPECT_EQ(walked.gradient_rounds, closed.gradient_rounds);
  }
}

// Adaptive Periodic Averaging holds rate x period within its band: a tenth of the rate, seven times the
// period.
TEST(ScheduleWalk, AdaptivePeriodWithoutMeasurementsHoldsRateTimesPeriod) {
  const int64_t steps = 40000;
  const LearningRate rate(
      {.shape = LearningRateShape::step, .peak = 0.1, .milestones = {20000}, .decay = 0.1}, steps);
  AdaptivePeriod rule({.base_period = 4});
  const ScheduleWalk walk = walk_schedule(rule, RateCurve(rate, steps));
  EXPECT_TRUE(walk.estimated);
  EXPECT_EQ(walk.longest_period(), 28);  // 0.7 x 4 x 0.1 / 0.01
  EXPECT_GT(walk.meetings(), 20000 / 4 + 20000 / 28);
}

double simulated_maximum(const StepTimes& times, int64_t workers, int64_t steps, int64_t repetitions) {
  RandomStream random({7, Purpose::test, static_cast<uint64_t>(workers), static_cast<uint64_t>(steps)});
  double sum = 0;
  for (int64_t r = 0; r < repetitions; ++r) {
    double slowest = 0;
    for (int64_t w = 0; w < workers; ++w) {
      double total = 0;
      for (int64_t h = 0; h < steps; ++h)
        total += std::exp(times.spread * random.normal() - times.spread * times.spread / 2);
      slowest = std::max(slowest, total * times.slowness[static_cast<size_t>(w) % times.slowness.size()]);
    }
    sum += slowest;
  }
  return times.seconds * sum / static_cast<double>(repetitions);
}

TEST(RoundMaximum, IsTheMeanOfManyDrawnRounds) {
  for (const double spread : {0.1, 0.5})
    for (const int64_t workers : {2, 16})
      for (const int64_t steps : {1, 4, 32}) {
        const StepTimes times{.seconds = 0.5, .spread = spread, .slowness = {1, 1.2}};
        RoundMaximum maximum(times, workers);
        const double drawn = simulated_maximum(times, workers, steps, 20000 / steps);
        EXPECT_NEAR(maximum.seconds(steps) / drawn, 1, 0.02) << spread << " " << workers << " " << steps;
      }
}

TEST(RoundMaximum, WithoutSpreadWaitsForTheSlowest) {
  RoundMaximum maximum({.seconds = 2, .slowness = {1, 3}}, 4);
  EXPECT_DOUBLE_EQ(maximum.seconds(10), 60);
  RoundMaximum alone({.seconds = 2, .spread = 1}, 1);
  EXPECT_DOUBLE_EQ(alone.seconds(5), 10);
}

TEST(RoundMaximum, LongRoundsWaitForLess) {
  RoundMaximum maximum({.spread = 0.4}, 64);
  EXPECT_GT(maximum.seconds(1), maximum.seconds(16) / 16 + 0.3);
  EXPECT_NEAR(maximum.seconds(100000) / 100000, 1, 0.01);
}

// A lockstep around a server in virtual time is rounds of the slowest device, and what its messages take.
TEST(RunTime, LockstepIsTheEventSimulationOfWorkersThatWaitForEachOther) {
  SimulationOptions options;
  options.devices = {.seconds_per_step = {0.5, 0.75, 1.5}, .workers = 6};
  options.link = {.latency = 0.2, .bytes_per_second = 1e6, .message_bytes = 3e6};
  options.dispatch.local_steps.local_steps = 20;
  options.dispatch.grace = 1000;
  options.dispatch.sampling.sizes.assign(6, 1);
  options.total_steps = 6 * 20 * 50;
  const std::vector<double> speeds = device_speeds(options.devices);
  EventSimulation simulation(options, speed_curves(options.devices));
  while (simulation.advance()) {
  }
  RunCosts costs;
  costs.step.slowness = speeds;
  costs.group = {1, 6, true};
  costs.meeting.fixed_seconds = 2 * options.link.seconds();
  RoundMaximum maximum(costs.step, 6);
  const RunTime time = predict_run(walk_constant(1000, 20), costs, maximum);
  EXPECT_NEAR(time.total() / simulation.tally().seconds(), 1, 0.001);
  EXPECT_EQ(time.bottleneck(), Bottleneck::compute);
  EXPECT_NEAR(time.compute, 1000 * (0.5 + 0.75 + 1.5) / 3, 1e-6);
}

TEST(MeetingTime, IsLatencyAndBytesOfTheDirectExchange) {
  const MeetingCost cost{.bits_per_second = 1e9, .latency_seconds = 1e-3, .message_seconds = 1e-5};
  const MeetingTime time = meeting_time(cost, {4, 1, true}, 1e8, false);
  EXPECT_DOUBLE_EQ(time.bandwidth, 8 * 1.5e8 / 1e9);
  EXPECT_DOUBLE_EQ(time.latency, 3 * (1e-3 + 3e-5));
  EXPECT_EQ(meeting_time(cost, {1, 8, true}, 1e8, false).total(), 0);
  EXPECT_DOUBLE_EQ(host_bytes({4, 8, false}, 1), 8 * host_bytes({4, 8, true}, 1));
}

TEST(RunTime, OverlapHidesWhatTravelsBesideSteps) {
  RunCosts costs;
  costs.step.seconds = 0.1;
  costs.group = {4, 1, true};
  costs.meeting = {.bits_per_second = 1e9, .latency_seconds = 0, .message_seconds = 0};
  costs.message_bytes = 1e8;  // 1.2 s
  RoundMaximum maximum(costs.step, 4);
  const ScheduleWalk walk = walk_constant(1000, 10);
  const RunTime waits = predict_run(walk, costs, maximum);
  EXPECT_NEAR(waits.total(), 100 + 100 * 1.2, 1e-9);
  costs.delayed = true;
  EXPECT_NEAR(predict_run(walk, costs, maximum).total(), 100 + 100 * 0.2, 1e-9);
  costs.delay = 5;
  EXPECT_NEAR(predict_run(walk, costs, maximum).total(), 100 + 100 * 0.7, 1e-9);
  EXPECT_NEAR(predict_run(walk, costs, maximum, 0.5).total(), (100 + 100 * 0.7) / 2, 1e-9);
}

TEST(FailureTime, SmallRatesCostRestartsAndHalfASegment) {
  const FailureOptions options{.per_hour = 0.01, .restart_seconds = 60, .kept_every = 100};
  const double rate = 8 * 0.01 / 3600;
  EXPECT_NEAR(failure_seconds(options, 8, 36000) / (rate * 36000 * (60 + 50)), 1, 0.005);
  EXPECT_EQ(failure_seconds({}, 8, 36000), 0);
}

// Each segment is repeated until it gets through.
TEST(FailureTime, IsTheMeanOfDrawnFailures) {
  const FailureOptions options{.per_hour = 6, .restart_seconds = 20, .kept_every = 120};
  RandomStream random({5, Purpose::test, 0, 0});
  const auto until = [&] { return -std::log(1 - random.uniform()) / (4 * 6.0 / 3600); };
  double sum = 0;
  constexpr int runs = 4000;
  for (int r = 0; r < runs; ++r)
    for (int segment = 0; segment < 10; ++segment) {
      for (double failure = until(); failure < 120; failure = until()) sum += failure + 20;
      sum += 120;
    }
  EXPECT_NEAR((1200 + failure_seconds(options, 4, 1200)) / (sum / runs), 1, 0.02);
}

TEST(FromTotals, SolvesThePapersTotals) {
  const SolvedTotals small = solve_totals({{"every_step", 1, 26.7}, {"qsr", 9711.0 / 93600, 20.2}});
  EXPECT_NEAR(small.communication_hours, 7.25, 0.01);
  EXPECT_NEAR(small.compute_hours, 19.45, 0.01);
  EXPECT_NEAR(small.hours(0.25), 21.26, 0.01);
  const SolvedTotals large = solve_totals({{"every_step", 1, 8.6}, {"qsr", 3771.0 / 23400, 5.5}});
  EXPECT_NEAR(large.communication_hours, 3.70, 0.01);
  EXPECT_NEAR(large.hours(0.125), 5.37, 0.01);
}

TEST(FromTotals, MoreThanTwoAreFitted) {
  const SolvedTotals solved =
      solve_totals({{"every_step", 1, 10.02}, {"constant:2", 0.5, 7.97}, {"constant:4", 0.25, 7.01}});
  EXPECT_NEAR(solved.communication_hours, 4, 0.1);
  EXPECT_GT(solved.largest_residual, 0);
  EXPECT_LT(solved.largest_residual, 0.01);
}

TEST(FromTotals, RefusesWhatContradictsItself) {
  EXPECT_THROW(solve_totals({{"every_step", 1, 10}}), OptionError);
  EXPECT_THROW(solve_totals({{"every_step", 1, 10}, {"qsr", 0.1, 12}}), OptionError);
  EXPECT_THROW(solve_totals({{"constant:4", 0.25, 10}, {"power", 0.25, 12}}), OptionError);
  EXPECT_THROW(solve_totals({{"every_step", 1, 10}, {"constant:2", 0.5, 4}}),
               OptionError);  // 8 h saved is too much
  EXPECT_THROW(solve_totals({{"every_step", 1, 10}, {"constant:2", 0.5, 8}, {"constant:4", 0.25, 8.5}}),
               OptionError);
  EXPECT_THROW(solve_totals({{"every_step", 1, 10}, {"qsr", 0.1, -1}}), OptionError);
}

TEST(FitRounds, FindsStepAndMeetingsFromWholeRounds) {
  std::vector<MeasuredRound> rounds;
  for (int i = 0; i < 40; ++i) {
    const double jitter = (i % 2 == 0 ? 1.02 : 0.98);
    rounds.push_back({1, true, 0.1 * jitter, 0.5});
    if (i % 2 == 0) rounds.push_back({2, false, 0.2, 0.6 * jitter});
    if (i % 8 == 0) rounds.push_back({12, false, 1.2, 0.6});
  }
  rounds.push_back({1, true, 10, 10});  // something else wanted the machine
  const FittedTimes times = fit_rounds(rounds);
  EXPECT_NEAR(times.step_seconds, 0.1, 0.002);
  EXPECT_NEAR(times.gradient_seconds, 0.5, 0.01);
  EXPECT_NEAR(times.parameter_seconds, 0.6, 0.02);
  std::erase_if(rounds, [](const MeasuredRound& round) { return round.steps == 12; });
  EXPECT_NEAR(fit_rounds(rounds).parameter_seconds, 0.6, 0.02);  // one period: from the parts
  EXPECT_THROW(fit_rounds({}), DataError);
}

}  // namespace
}  // namespace muster
