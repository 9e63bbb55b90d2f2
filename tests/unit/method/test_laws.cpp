// Laws that every synchronous local method must obey.
#include <gtest/gtest.h>

#include "muster/optim/clip.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "tests/unit/method/small_run.h"

namespace muster {
namespace {

std::unique_ptr<SyncSchedule> every_step() { return std::make_unique<EveryStep>(EveryStepOptions{}); }

// One model and one optimizer in a plain loop: what a user without Muster would write.
Vector plain_training(const Task& task, const SmallRunOptions& options, const InnerOptimizerFactory& inner) {
  use_single_threaded_kernels();  // as the workers' threads do
  auto model = task.make_model();
  auto optimizer = inner(model->parameters(), model->type());
  Replica replica(std::move(model), std::move(optimizer));
  ThreadPool alone(1);
  replica.initialise(alone);
  const PermutationSampler sampler(
      {.samples = task.train_size(), .workers = 1, .batch = options.batch, .seed = options.seed});
  const LearningRate rate(options.rate, options.steps);
  for (int64_t step = 0; step < options.steps; ++step) {
    replica.compute_gradient(task.train_batch(sampler.samples(step, 0), step / sampler.steps_per_epoch()),
                             {});
    replica.apply_gradient(rate.at(step), options.clip);
  }
  return replica.parameters().copy();
}

TEST(Laws, OneWorkerEqualsThePlainOptimizerToTheBitForAnyPeriod) {
  for (const auto network : {ImageNetwork::mlp, ImageNetwork::resnet8}) {
    const auto task = small_task(network);
    const SmallRunOptions options{.workers = 1, .batch = 8, .steps = 24, .clip = 1.0};
    for (const auto& inner : {sgd(), adamw()}) {
      const Vector plain = plain_training(*task, options, inner);
      for (const int64_t period : {1, 3, 7, 24, 1000}) {
        SmallRun run(*task, options, constant(period), inner);
        run.finish(5);
        EXPECT_TRUE(same_bits(run.parameters(), plain)) << "period " << period;
      }
      SmallRun gradients(*task, options, every_step(), inner);
      gradients.finish();
      EXPECT_TRUE(same_bits(gradients.parameters(), plain)) << "every step";
    }
  }
}

TEST(Laws, PeriodOneAndEveryStepEqualTheLargeBatchForSgdWithMomentum) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const int64_t workers : {2, 4}) {
    SmallRun large(*task, {.workers = 1, .batch = 8 * workers}, constant(1), sgd());
    large.finish();
    SmallRun parameters(*task, {.workers = workers}, constant(1), sgd());
    parameters.finish();
    SmallRun gradients(*task, {.workers = workers}, every_step(), sgd());
    gradients.finish();
    EXPECT_LT(relative_difference(parameters.parameters(), large.parameters()), 1e-5);
    EXPECT_LT(relative_difference(gradients.parameters(), large.parameters()), 1e-5);
    SmallRun rare(*task, {.workers = workers}, constant(5), sgd());  // the law must be able to fail
    rare.finish();
    EXPECT_GT(relative_difference(rare.parameters(), large.parameters()), 1e-4);
  }
}

TEST(Laws, LocalAdamWAtPeriodOneIsNotDataParallelAdamW) {
  const auto task = small_task(ImageNetwork::mlp);
  SmallRunOptions options{.workers = 4};
  options.rate.peak = 0.003;
  SmallRunOptions whole = options;
  whole.workers = 1;
  whole.batch = 4 * options.batch;
  SmallRun large(*task, whole, constant(1), adamw());
  const Vector start = large.parameters();
  large.finish();
  SmallRun gradients(*task, options, every_step(), adamw());
  gradients.finish();
  EXPECT_LT(relative_difference(gradients.parameters(), large.parameters()), 1e-5);
  const double travelled = distance(large.parameters(), start);
  for (const auto& [name, at_meeting, at_least] : {std::tuple{"keep", MomentsAtMeeting::keep, 0.1},
                                                   std::tuple{"average", MomentsAtMeeting::average, 0.0},
                                                   std::tuple{"reset", MomentsAtMeeting::reset, 0.0}}) {
    options.at_meeting = at_meeting;
    SmallRun local(*task, options, constant(1), adamw());
    local.finish();
    const double away = distance(local.parameters(), large.parameters()) / travelled;
    RecordProperty(name, std::to_string(away));
    std::printf("[ figures  ] AdamW, period 1, moments %s: %.1f %% of the distance travelled\n", name,
                100 * away);
    EXPECT_GT(away, at_least);
  }
}

TEST(Laws, SameBitsOnOneTwoAndFourThreadsAndForAnyStretch) {
  const auto task = small_task(ImageNetwork::resnet8);
  std::vector<Vector> results;
  for (const int threads : {1, 2, 4})
    for (const int64_t stretch : {1, 1000}) {
      SmallRun run(*task, {.workers = 3, .steps = 14, .threads = threads}, constant(4), sgd());
      run.finish(stretch);
      results.push_back(run.parameters());
    }
  for (const auto& result : results) EXPECT_TRUE(same_bits(result, results[0]));
}

TEST(Laws, ClippingInDataParallelTrainingComesAfterTheMean) {
  const auto task = small_task(ImageNetwork::mlp);
  SmallRun large(*task, {.workers = 1, .batch = 16, .clip = 0.05}, constant(1), sgd());
  large.finish();
  SmallRun gradients(*task, {.workers = 2, .clip = 0.05}, every_step(), sgd());
  gradients.finish();
  EXPECT_LT(relative_difference(gradients.parameters(), large.parameters()), 1e-5);
  SmallRun own(*task, {.workers = 2, .clip = 0.05}, constant(1), sgd());
  own.finish();
  EXPECT_GT(relative_difference(own.parameters(), large.parameters()), 1e-4);
}

TEST(Laws, PostLocalBeginsAsDataParallelAndGoesOnAsLocal) {
  const auto task = small_task(ImageNetwork::mlp);
  SmallRun whole(*task, {.workers = 2, .steps = 12}, every_step(), sgd());
  SmallRun post(*task, {.workers = 2, .steps = 12},
                std::make_unique<PostLocal>(PostLocalOptions{.base_period = 3, .switch_step = 6}), sgd());
  for (int step = 0; step < 6; ++step) {
    whole.method().advance(1);
    post.method().advance(1);
  }
  EXPECT_TRUE(same_bits(whole.parameters(), post.parameters()));
  const auto rounds = post.finish();
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_EQ(rounds[0].round, (Round{3, Average::parameters}));
  EXPECT_GT(rounds[0].divergence.value_or(0), 0);
}

TEST(Laws, ReportsAddUp) {
  const auto task = small_task(ImageNetwork::mlp);
  SmallRun run(*task, {.workers = 2, .steps = 50, .at_meeting = MomentsAtMeeting::average}, constant(4),
               adamw());
  const auto rounds = run.finish(3);
  ASSERT_EQ(rounds.size(), 13u);
  int64_t steps = 0;
  for (const auto& report : rounds) {
    EXPECT_EQ(report.first_step, steps);
    steps += report.round.steps;
    EXPECT_EQ(report.bytes_per_worker, 3 * 4 * run.parameters().size());  // parameters and two moments, fp32
  }
  EXPECT_EQ(steps, 50);
  EXPECT_EQ(rounds.back().round.steps, 2);
}

TEST(Laws, ATemporaryMeanChangesNothing) {
  const auto task = small_task(ImageNetwork::mlp);
  SmallRun looked(*task, {.workers = 3, .steps = 20}, constant(7), sgd());
  SmallRun left_alone(*task, {.workers = 3, .steps = 20}, constant(7), sgd());
  while (looked.method().advance(2)) looked.parameters();
  left_alone.finish();
  EXPECT_TRUE(same_bits(looked.parameters(), left_alone.parameters()));
}

}  // namespace
}  // namespace muster
