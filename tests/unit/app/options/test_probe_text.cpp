#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/app/options/probe_text.h"
#include "muster/app/options/probe_times.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(ProbeText, IsRead) {
  const auto probes = parse_probes("sharpness:every=3,samples=64; distance ;workers:every=1", "run.probe");
  ASSERT_EQ(probes.size(), 3U);
  EXPECT_EQ(probes[0], (ProbeRequest{.kind = ProbeKind::sharpness, .every = 3, .samples = 64}));
  EXPECT_EQ(probes[1], ProbeRequest{.kind = ProbeKind::distance});
  EXPECT_EQ(probes[2].every, 1);
  for (const ProbeKind kind :
       {ProbeKind::sharpness, ProbeKind::noise, ProbeKind::workers, ProbeKind::distance})
    EXPECT_EQ(parse_probes(name_of(kind), "run.probe")[0].kind, kind);
}

TEST(ProbeText, WhatItIsNotIsToldWithWhatWouldBeRight) {
  const auto told = [](const char* text) -> std::string {
    try {
      parse_probes(text, "run.probe");
    } catch (const OptionError& error) {
      return error.what();
    }
    return "taken";
  };
  EXPECT_THAT(told("sharpnes"), HasSubstr("sharpness, noise, workers, distance"));
  EXPECT_THAT(told(""), HasSubstr("the probes are"));
  EXPECT_THAT(told("noise;"), HasSubstr("the probes are"));
  EXPECT_THAT(told("noise:often=3"), HasSubstr("every, samples, products, vectors"));
  EXPECT_THAT(told("noise:every"), HasSubstr("whole number from 1"));
  EXPECT_THAT(told("noise:every=0"), HasSubstr("whole number from 1"));
  EXPECT_THAT(told("noise:samples=1"), HasSubstr("whole number from 2"));
  EXPECT_THAT(told("noise:every=1e3"), HasSubstr("whole number"));
  EXPECT_THAT(told("noise;noise:every=2"), HasSubstr("once"));
}

TEST(ProbeTimes, AProbeBeyondTheRunsEndIsRefusedOrNamed) {
  const std::vector<Setting> run = {
      {"run.steps", "40"}, {"schedule.rule", "constant"}, {"schedule.base_period", "4"}};
  const auto with = [&](std::vector<Setting> more) {
    more.insert(more.end(), run.begin(), run.end());
    return more;
  };
  EXPECT_NO_THROW(resolve(catalogue, std::nullopt, with({{"run.probe", "noise:every=10"}})));
  try {
    resolve(catalogue, std::nullopt, with({{"run.probe", "distance:every=1;noise:every=11"}}));
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("noise would be measured after every 11 rounds, and the run has 10"));
  }
  Configuration listens =
      resolve(catalogue, std::nullopt,
              {{"run.steps", "40"}, {"schedule.rule", "adaptive"}, {"run.probe", "noise:every=50"}});
  EXPECT_EQ(probes_never_due(listens, 50).size(), 0U);
  ASSERT_EQ(probes_never_due(listens, 49).size(), 1U);
  EXPECT_THAT(probes_never_due(listens, 49)[0], HasSubstr("noise was to be measured after every 50 rounds"));
}

}  // namespace
}  // namespace muster
