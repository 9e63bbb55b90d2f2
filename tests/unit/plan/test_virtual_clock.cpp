#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "muster/base/error.h"
#include "muster/plan/event_simulation.h"

namespace muster {
namespace {

const std::vector<double> published = {0.58, 0.75, 1.51, 3.33};

SimulationOptions options_of(const std::vector<double>& seconds, int64_t total_steps) {
  SimulationOptions options;
  options.devices = {.seconds_per_step = seconds, .workers = static_cast<int64_t>(seconds.size())};
  options.dispatch.local_steps.local_steps = 20;
  options.dispatch.grace = 0.5;
  options.dispatch.sampling = {ShardRule::least_visited, std::vector<int64_t>(seconds.size(), 1)};
  options.total_steps = total_steps;
  options.evaluate_every = 800;
  return options;
}

SimulationTally run_of(const SimulationOptions& options) {
  EventSimulation simulation(options, speed_curves(options.devices));
  while (simulation.advance()) {
  }
  return simulation.tally();
}

void expect_times(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-9) << i;
}

// The log that the authors' notebook prints (google-deepmind/asyncdiloco).
TEST(VirtualClock, ReproducesThePublishedTimes) {
  const SimulationTally tally = run_of(options_of(published, 8000));
  expect_times(tally.evaluation_times(),
               {209.0, 406.4, 603.8, 801.4, 999.0, 1207.8, 1404.2, 1600.6, 1800.2, 1998.6});
  EXPECT_NEAR(tally.seconds(), 1998.6, 1e-9);
  EXPECT_EQ(tally.versions(), 400);
  EXPECT_EQ(tally.local_steps(), 8000);
  EXPECT_EQ(tally.staleness_mean(), 2.75);
  EXPECT_EQ(tally.staleness_max(), 14);
  EXPECT_GT(tally.utilisation(), 0.99);
}

TEST(VirtualClock, WaitingForAllTakesTheSlowestsTime) {
  SimulationOptions options = options_of(published, 8000);
  options.dispatch.grace = std::numeric_limits<double>::infinity();
  const SimulationTally tally = run_of(options);
  EXPECT_NEAR(tally.seconds(), 6660, 1e-9);
  EXPECT_EQ(tally.staleness_max(), 3);
  for (size_t i = 0; i < 10; ++i)
    EXPECT_NEAR(tally.evaluation_times()[i], 666 * static_cast<double>(i + 1), 1e-9);
  options.dispatch.grace = 1000;
  EXPECT_NEAR(run_of(options).seconds(), 6660, 1e-9);
}

TEST(VirtualClock, DynamicLocalUpdatesFillTheSlowestsTime) {
  SimulationOptions options = options_of(published, 8000);
  options.dispatch.local_steps.dynamic = true;
  options.dispatch.grace = 1.7;
  const SimulationTally tally = run_of(options);
  EXPECT_EQ(tally.versions(), 712);
  EXPECT_EQ(tally.staleness_mean(), 1.5);
  EXPECT_EQ(tally.staleness_max(), 3);
  EXPECT_EQ(tally.local_steps(), 8010);
  EXPECT_NEAR(tally.seconds(), 178 * 11.6, 1e-9);
  options.dispatch.grace = 0.5;
  const SimulationTally narrow = run_of(options);
  EXPECT_EQ(narrow.versions(), 737);
  EXPECT_EQ(narrow.staleness_max(), 4);
  EXPECT_NEAR(narrow.staleness_mean(), 2.81, 0.005);
}

TEST(VirtualClock, EqualSpeedsArriveInTurn) {
  const SimulationTally tally = run_of(options_of({1, 1, 1, 1}, 8000));
  EXPECT_EQ(tally.staleness_mean(), 1.5);
  EXPECT_EQ(tally.staleness_max(), 3);
  EXPECT_EQ(tally.staleness(), (std::vector<int64_t>{100, 100, 100, 100}));
  EXPECT_EQ(tally.seconds(), 2000);
  EXPECT_EQ(tally.utilisation(), 1.0);
}

TEST(VirtualClock, MeasuredSpeedsComeToTheGivenOnes) {
  SimulationOptions options = options_of(published, 8000);
  options.dispatch.local_steps.dynamic = true;
  options.dispatch.grace = 1.7;
  options.speeds_known = false;
  EventSimulation simulation(options, speed_curves(options.devices));
  while (simulation.advance()) {
  }
  for (int64_t worker = 0; worker < 4; ++worker) {
    const std::vector<int64_t> expected = {20, 15, 7, 3};
    EXPECT_EQ(simulation.dispatcher().local_steps_of(worker), expected[static_cast<size_t>(worker)]);
  }
  EXPECT_GT(simulation.tally().staleness_max(), 3) << "the first rounds are of 20 steps for all";
}

TEST(VirtualClock, MessagesTakeLatencyAndBytesOverBandwidthBothWays) {
  SimulationOptions options = options_of({1.0}, 40);
  options.dispatch.grace = 0;
  options.link = {.latency = 0.25, .bytes_per_second = 1000, .message_bytes = 500};
  EventSimulation simulation(options, speed_curves(options.devices));
  ASSERT_TRUE(simulation.advance());
  EXPECT_EQ(simulation.newest().times, (RoundTimes{0, 0.75, 20.75, 21.5}));
  ASSERT_TRUE(simulation.advance());
  EXPECT_EQ(simulation.newest().times.arrived, 43);
  EXPECT_FALSE(simulation.advance());
  EXPECT_EQ(simulation.tally().bytes_received(), 1000);
  EXPECT_EQ(simulation.tally().bytes_sent(), 1000);
  EXPECT_NEAR(simulation.tally().workers()[0].send, 3, 1e-12);
  EXPECT_NEAR(simulation.tally().utilisation(), 40.0 / 43, 1e-12);
}

TEST(VirtualClock, AWorkerThatIsAwayLosesItsRound) {
  SimulationOptions options = options_of({1, 1}, 200);
  options.dispatch.grace = 0;
  options.outages = {{1, 30, 50}};
  EventSimulation simulation(options, speed_curves(options.devices));
  std::vector<std::pair<double, int64_t>> arrivals;
  while (simulation.advance())
    arrivals.emplace_back(simulation.newest().times.arrived, simulation.newest().assignment.worker);
  const std::vector<std::pair<double, int64_t>> expected = {{20, 0}, {20, 1}, {40, 0},  {60, 0},  {70, 1},
                                                            {80, 0}, {90, 1}, {100, 0}, {110, 1}, {120, 0}};
  EXPECT_EQ(arrivals, expected);
  EXPECT_EQ(simulation.tally().workers()[1].rounds_lost, 1);
}

TEST(VirtualClock, NobodyWaitsForThoseWhoAreAway) {
  SimulationOptions options = options_of({1, 1}, 200);
  options.dispatch.grace = std::numeric_limits<double>::infinity();
  options.outages = {{1, 10, 1e6}};
  const SimulationTally tally = run_of(options);
  EXPECT_EQ(tally.seconds(), 200);
  options.outages = {{0, 10, std::numeric_limits<double>::infinity()},
                     {1, 30, std::numeric_limits<double>::infinity()}};
  const SimulationTally ended = run_of(options);
  EXPECT_EQ(ended.local_steps(), 20) << "nobody is left: the run ends";
}

TEST(VirtualClock, ThresholdsDropWhatIsTooStale) {
  SimulationOptions options = options_of(published, 8000);
  options.weight.threshold = 10;
  const SimulationTally tally = run_of(options);
  EXPECT_LE(tally.staleness_max(), 10);
  EXPECT_LT(tally.versions(), 400);
  EXPECT_EQ(tally.arrivals(), 400);
}

TEST(DeviceSpeeds, TakeTheDevicesInTurnAndDrawAroundThem) {
  DeviceOptions options{.seconds_per_step = {1, 2}, .workers = 5, .spread = 0, .seed = 4};
  EXPECT_EQ(device_speeds(options), (std::vector<double>{1, 2, 1, 2, 1}));
  options.workers = 4000;
  options.spread = 0.5;
  const std::vector<double> drawn = device_speeds(options);
  EXPECT_EQ(drawn, device_speeds(options));
  double mean = 0, square = 0;
  for (size_t i = 0; i < drawn.size(); ++i) {
    const double log = std::log(drawn[i] / (i % 2 == 0 ? 1 : 2));
    mean += log / 4000;
    square += log * log / 4000;
  }
  EXPECT_NEAR(mean, 0, 0.03);
  EXPECT_NEAR(std::sqrt(square), 0.5, 0.03);
  EXPECT_THROW(device_speeds({.seconds_per_step = {}}), OptionError);
  EXPECT_THROW(device_speeds({.seconds_per_step = {1, 0}}), OptionError);
  EXPECT_THROW(device_speeds({.workers = 0}), OptionError);
  EXPECT_THROW(device_speeds({.spread = -1}), OptionError);
}

TEST(DeviceSpeeds, ATraceChangesThemUnderWay) {
  const DeviceOptions options{.seconds_per_step = {1, 1}, .workers = 2};
  const auto curves = speed_curves(options, "# worker,second,seconds_per_step\n1, 10, 2\n\n1,30,0.5\n", "t");
  EXPECT_EQ(curves[0].end_of(100, 0), 100);
  EXPECT_EQ(curves[1].end_of(10, 0), 10);
  EXPECT_EQ(curves[1].end_of(12, 5), 24) << "5 steps at 1 s, 7 at 2 s";
  EXPECT_EQ(curves[1].end_of(20, 10), 35) << "10 at 2 s, 10 at 0.5 s";
  EXPECT_EQ(curves[1].end_of(4, 40), 42);
  EXPECT_EQ(curves[1].seconds_per_step_at(30), 0.5);
}

TEST(DeviceSpeeds, WrongTracesAreToldByTheirLine) {
  const DeviceOptions options{.seconds_per_step = {1}, .workers = 2};
  for (const char* wrong : {"1,2", "a,1,1", "2,1,1", "-1,1,1", "0,1,0", "0,5,1\n0,4,1", "0,nan,1", "0,1,inf"})
    EXPECT_THROW(speed_curves(options, wrong, "trace.csv"), DataError) << wrong;
  try {
    speed_curves(options, "0,5,1\n0,4,1", "trace.csv");
  } catch (const DataError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("trace.csv, line 2:")) << error.what();
  }
}

TEST(Outages, AreReadFromText) {
  const auto outages = parse_outages("3:100-250, 1:400-", 4);
  ASSERT_EQ(outages.size(), 2U);
  EXPECT_EQ(outages[0], (Outage{3, 100, 250}));
  EXPECT_EQ(outages[1].worker, 1);
  EXPECT_TRUE(std::isinf(outages[1].until));
  EXPECT_TRUE(parse_outages("", 4).empty());
  for (const char* wrong : {"3", "4:1-2", "3:2-1", "3:0-1", "3:1-5,3:4-9", "x:1-2", "3:1-2-3", "3:1:2", ",",
                            "1:4-,1:9-10", "-1:1-2"})
    EXPECT_THROW(parse_outages(wrong, 4), OptionError) << wrong;
}

// The bar is 10^6 arrivals of 10^4 workers in 10 s; here a tenth of it.
TEST(EventSimulation, WalksTenThousandWorkers) {
  SimulationOptions options = options_of({1.0}, 100000 * 20);
  options.devices = {.seconds_per_step = {1.0}, .workers = 10000, .spread = 0.5, .seed = 1};
  options.dispatch.sampling = {ShardRule::progress, std::vector<int64_t>(10000, 1)};
  options.evaluate_every = 0;
  const SimulationTally tally = run_of(options);
  EXPECT_EQ(tally.arrivals(), 100000);
  EXPECT_GT(tally.staleness_mean(), 5000);
}

}  // namespace
}  // namespace muster
