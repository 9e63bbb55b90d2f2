// Groups of workers: what is asked for must make sense before anything starts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

/// What is wrong with these settings in a run of so many processes; "" when nothing is.
std::string told(std::vector<Setting> settings, const Processes& processes = {}) {
  try {
    resolve(catalogue, std::nullopt, settings, Scope::training, processes);
    return "";
  } catch (const OptionError& error) {
    return error.what();
  }
}

TEST(TwoLevels, GroupsOfWorkersAreTakenWhereTheyFit) {
  EXPECT_EQ(told({{"run.workers", "4"}, {"comm.group_size", "2"}}), "");
  EXPECT_EQ(told({{"run.workers", "4"}, {"comm.group_size", "4"}, {"comm.inner_period", "3"}}), "");
  EXPECT_EQ(told({{"comm.group_size", "2"}}, {.all = 4, .on_this_host = 4}), "");
  EXPECT_EQ(told({{"run.workers", "8"}, {"comm.group_size", "2"}}, {.all = 2, .on_this_host = 2}), "");
}

TEST(TwoLevels, WhatDoesNotFitIsRefusedWithWhatWould) {
  EXPECT_THAT(told({{"run.workers", "4"}, {"comm.group_size", "3"}}),
              HasSubstr("comm.group_size = 3: must divide run.workers = 4; take one of 1, 2, 4"));
  EXPECT_THAT(told({{"run.workers", "6"}, {"comm.group_size", "2"}}, {.all = 2, .on_this_host = 2}),
              HasSubstr("take one of 1, 3, 6"));
  EXPECT_THAT(told({{"comm.group_size", "0"}}), HasSubstr("comm.group_size = 0"));
  EXPECT_THAT(told({{"comm.inner_period", "2"}}),
              HasSubstr("comm.inner_period = 2: has no use without groups"));
  EXPECT_THAT(told({{"run.workers", "4"}, {"comm.group_size", "2"}, {"schedule.rule", "every_step"}}),
              HasSubstr("changes nothing under schedule.rule = every_step"));
  EXPECT_THAT(told({{"run.workers", "4"},
                    {"comm.group_size", "2"},
                    {"comm.inner_period", "4"},
                    {"schedule.rule", "constant"},
                    {"schedule.base_period", "4"}}),
              HasSubstr("is never reached in rounds of 4 steps"));
}

}  // namespace
}  // namespace muster
