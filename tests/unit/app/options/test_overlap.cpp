// comm.overlap and comm.fragments: what does not go together is told before anything starts.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using testing::HasSubstr;

/// What the user is told; empty when nothing is wrong.
std::string told(const std::vector<Setting>& settings) {
  try {
    resolve(catalogue, std::nullopt, settings, Scope::training, {});
    return {};
  } catch (const OptionError& error) {
    return error.what();
  }
}

TEST(Overlap, WhatGoesTogetherIsAccepted) {
  EXPECT_EQ(told({{"comm.overlap", "delayed"}}), "");
  EXPECT_EQ(
      told({{"comm.overlap", "delayed"}, {"comm.delay", "0"}, {"comm.merge", "blend"}, {"comm.blend", "0"}}),
      "");
  EXPECT_EQ(told({{"comm.fragments", "4"}, {"schedule.rule", "loss"}}), "");
  EXPECT_EQ(told({{"comm.fragments", "4"}, {"comm.overlap", "delayed"}, {"outer.optimizer", "nesterov"}}),
            "");
}

TEST(Overlap, KeysWithoutUseAreRefused) {
  EXPECT_THAT(told({{"comm.delay", "3"}}), HasSubstr("comm.delay = 3: is not used by comm.overlap = none"));
  EXPECT_THAT(told({{"comm.merge", "corrected"}}),
              HasSubstr("comm.merge = corrected: is not used by comm.overlap = none"));
  EXPECT_THAT(told({{"comm.blend", "0.3"}}),
              HasSubstr("comm.blend = 0.3: is not used by comm.overlap = none"));
  EXPECT_THAT(told({{"comm.overlap", "delayed"}, {"comm.merge", "corrected"}, {"comm.blend", "0.3"}}),
              HasSubstr("comm.blend = 0.3: is not used by comm.merge = corrected"));
  EXPECT_THAT(told({{"comm.fragments", "0"}}), HasSubstr("comm.fragments"));
  EXPECT_THAT(told({{"comm.overlap", "delayed"}, {"comm.merge", "blend"}, {"comm.blend", "1.2"}}),
              HasSubstr("comm.blend"));
}

TEST(Overlap, RulesThatCannotWaitAreRefused) {
  for (const std::string rule : {"every_step", "adaptive"}) {
    EXPECT_THAT(told({{"comm.overlap", "delayed"}, {"schedule.rule", rule}}),
                HasSubstr("comm.overlap = delayed: does not go with schedule.rule = " + rule));
    EXPECT_THAT(told({{"comm.fragments", "2"}, {"schedule.rule", rule}}),
                HasSubstr("comm.fragments = 2: does not go with schedule.rule = " + rule));
  }
  EXPECT_THAT(
      told({{"comm.overlap", "delayed"}, {"schedule.rule", "post_local"}, {"schedule.switch_step", "9"}}),
      HasSubstr("which averages gradients"));
  EXPECT_THAT(told({{"comm.overlap", "delayed"}, {"schedule.rule", "loss"}}),
              HasSubstr("how the round went"));
  EXPECT_THAT(told({{"comm.overlap", "delayed"}, {"inner.at_meeting", "reset"}}),
              HasSubstr("inner.at_meeting = reset"));
  EXPECT_THAT(told({{"run.workers", "4"},
                    {"comm.overlap", "delayed"},
                    {"comm.group_size", "2"},
                    {"comm.inner_period", "2"}}),
              HasSubstr("comm.inner_period = 2"));
}

}  // namespace
}  // namespace muster
