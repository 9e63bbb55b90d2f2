#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/report/network_time.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(NetworkTime, UnitsOfBandwidthAndLatency) {
  EXPECT_DOUBLE_EQ(parse_bandwidth("1Gbit"), 1e9);
  EXPECT_DOUBLE_EQ(parse_bandwidth("2.5 Gbit/s"), 2.5e9);
  EXPECT_DOUBLE_EQ(parse_bandwidth("100mbit"), 1e8);
  EXPECT_DOUBLE_EQ(parse_bandwidth("56Kbit"), 56e3);
  EXPECT_DOUBLE_EQ(parse_latency("100us"), 1e-4);
  EXPECT_DOUBLE_EQ(parse_latency("0.5ms"), 5e-4);
  EXPECT_DOUBLE_EQ(parse_latency("0s"), 0);
  EXPECT_EQ(describe({2.5e9, 1e-4}), "2.5 Gbit/s and 100 µs");
  EXPECT_EQ(describe({5e7, 0.002}), "50 Mbit/s and 2 ms");
}

TEST(NetworkTime, WhatIsNoBandwidthIsRefusedWithARemedy) {
  for (const char* text :
       {"", "1", "Gbit", "0Gbit", "-1Gbit", "1GB", "1Gbyte", "nanGbit", "1e999Gbit", "1Gbit 2", "infMbit"}) {
    try {
      parse_bandwidth(text);
      ADD_FAILURE() << text << " was accepted";
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr("--network = "));
      EXPECT_THAT(error.what(), HasSubstr("such as 1Gbit"));
    }
  }
  for (const char* text : {"", "5", "us", "-1us", "1h", "nanms", "1e999s"})
    EXPECT_THROW(parse_latency(text), OptionError) << text;
}

// By hand: four workers, 10^7 bytes: 2 * 3/4 * 8e7 bits / 1e9 = 0.12 s, and 2 * 3 messages of 1 ms each.
TEST(NetworkTime, RingAllReduceByHand) {
  EXPECT_NEAR(all_reduce_seconds({1e9, 1e-3}, 4, 1e7), 0.12 + 0.006, 1e-12);
  EXPECT_NEAR(all_reduce_seconds({1e8, 0}, 2, 1e6), 0.08, 1e-12);
  EXPECT_EQ(all_reduce_seconds({1e9, 1e-3}, 1, 1e7), 0);
}

// By hand: 100 steps of 4 workers on 2 threads took each thread 20 s: 40 s for 400 worker steps, 0.1 s each;
// alone a worker takes 10 s. 25 rounds of 10^7 bytes: 25 * 0.126 s.
TEST(NetworkTime, PredictionByHand) {
  const MeasuredWork work{.steps = 100,
                          .workers = 4,
                          .threads = 2,
                          .rounds = 25,
                          .bytes_per_worker = 25e7,
                          .compute_seconds = 19,
                          .data_seconds = 1};
  EXPECT_NEAR(step_seconds(work), 0.1, 1e-12);
  const PredictedTime time = predict_time(work, step_seconds(work), {1e9, 1e-3});
  EXPECT_NEAR(time.compute, 10, 1e-9);
  EXPECT_NEAR(time.communication, 25 * 0.126, 1e-9);
  EXPECT_NEAR(time.total(), 13.15, 1e-9);
}

TEST(NetworkTime, ARunThatNeverMetCostsComputeOnly) {
  const MeasuredWork work{.steps = 10, .workers = 2, .threads = 2, .compute_seconds = 5};
  EXPECT_EQ(predict_time(work, 0.5, {}).total(), 5);
  EXPECT_EQ(step_seconds({}), 0);
}

}  // namespace
}  // namespace muster
