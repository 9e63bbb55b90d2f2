// A run that was stopped anywhere and restored ends with the bits of the undisturbed one.
#include <gtest/gtest.h>

#include "muster/optim/nesterov.h"
#include "muster/optim/slowmo.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "tests/unit/method/small_run.h"

namespace muster {
namespace {

using MakeSchedule = std::function<std::unique_ptr<SyncSchedule>()>;
using MakeOuter = std::function<std::unique_ptr<OuterOptimizer>(int64_t)>;

State deep_copy(const State& state) {
  State copy;
  copy.numbers = state.numbers;
  for (const auto& [name, tensor] : state.tensors) copy.tensors[name] = {tensor.values.copy(), tensor.shape};
  return copy;
}

void expect_resumable(const MakeSchedule& schedule, const InnerOptimizerFactory& inner,
                      MomentsAtMeeting at_meeting, const MakeOuter& outer) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  SmallRunOptions options{.workers = 3, .batch = 4, .steps = 30};
  options.at_meeting = at_meeting;
  const int64_t size = task->make_model()->parameters().size();
  SmallRun undisturbed(*task, options, schedule(), inner, outer(size));
  undisturbed.finish();
  for (const int64_t stop : {1, 4, 7, 13, 22, 29}) {
    SmallRun first(*task, options, schedule(), inner, outer(size));
    while (first.method().step() < stop) first.method().advance(stop - first.method().step());
    const State state = deep_copy(first.method().state());
    SmallRun second(*task, options, schedule(), inner, outer(size));
    second.method().restore(state);
    EXPECT_EQ(second.method().step(), stop);
    second.finish(3);
    EXPECT_TRUE(same_bits(second.parameters(), undisturbed.parameters())) << "stopped after step " << stop;
  }
}

std::unique_ptr<OuterOptimizer> plain(int64_t) { return std::make_unique<PlainAverage>(); }

TEST(Resume, EveryRuleIsBitEqual) {
  for (const MakeSchedule& schedule : std::vector<MakeSchedule>{
           [] { return std::make_unique<EveryStep>(EveryStepOptions{}); }, [] { return constant(9); },
           [] { return std::make_unique<PostLocal>(PostLocalOptions{.base_period = 5, .switch_step = 10}); },
           [] {
             return std::make_unique<QuadraticRule>(
                 QuadraticRuleOptions{.base_period = 2, .growth = 0.05, .warmup_steps = 5});
           },
           [] { return std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{.base_period = 2}); },
           [] { return std::make_unique<LossDriven>(LossDrivenOptions{.base_period = 4, .max_period = 9}); },
           [] {
             return std::make_unique<LossDriven>(
                 LossDrivenOptions{.base_period = 4, .interval = 7, .fallback = 0});
           }})
    expect_resumable(schedule, sgd(), MomentsAtMeeting::keep, plain);
}

TEST(Resume, EveryTreatmentOfMomentsIsBitEqual) {
  for (const auto at_meeting : {MomentsAtMeeting::keep, MomentsAtMeeting::average, MomentsAtMeeting::reset})
    expect_resumable([] { return constant(4); }, adamw(), at_meeting, plain);
}

TEST(Resume, EveryOuterOptimizerIsBitEqual) {
  expect_resumable(
      [] { return constant(4); }, sgd(), MomentsAtMeeting::keep,
      [](int64_t size) { return std::make_unique<SlowMo>(SlowMoOptions{}, size, ElementType::float32); });
  expect_resumable(
      [] { return constant(4); }, sgd(), MomentsAtMeeting::keep,
      [](int64_t size) { return std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float32); });
}

}  // namespace
}  // namespace muster
