// Groups of workers that also meet within a round.
#include <gtest/gtest.h>

#include <thread>

#include "muster/comm/thread_group.h"
#include "muster/comm/two_level_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/optim/nesterov.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/task/small/scalar_task.h"
#include "tests/unit/method/small_run.h"

namespace muster {
namespace {

SmallRunOptions grouped(int64_t group_size, int64_t inner_period) {
  return {.workers = 4, .batch = 4, .steps = 20, .group_size = group_size, .inner_period = inner_period};
}

std::unique_ptr<Task> image_task(ImageNetwork network) {
  GeneratedImagesOptions images;
  images.train = 256;
  images.test = 8;
  ImageTaskOptions options;
  options.model.network = network;
  options.model.hidden = {32};
  options.model.norm = NormKind::group;
  return std::make_unique<ImageTask>("generated", generate_images(images), options);
}

/// How far apart 2 groups of 2 and 2 workers of twice the batch are after so many steps.
double distance_to_large_batch(const Task& task, int64_t inner_period, const InnerOptimizerFactory& inner,
                               int64_t steps = 20) {
  SmallRun groups(task, grouped(2, inner_period), constant(4), inner);
  SmallRun large(task, {.workers = 2, .batch = 8, .steps = 20}, constant(4), inner);
  for (SmallRun* const run : {&groups, &large})
    while (run->method().step() < steps) run->method().advance(1);
  return relative_difference(groups.parameters(), large.parameters());
}

TEST(TwoLevels, TwoGroupsOfTwoEqualTwoWorkersOfTwiceTheBatch) {
  const auto mlp = image_task(ImageNetwork::mlp), resnet = image_task(ImageNetwork::resnet8);
  EXPECT_LT(distance_to_large_batch(*mlp, 1, sgd()), 1e-5);
  EXPECT_LT(distance_to_large_batch(*mlp, 1, adamw()), 1e-5);
  // From step 5 on this network takes a start moved by 1e-7 just as far away (6e-4 after 20 steps).
  EXPECT_LT(distance_to_large_batch(*resnet, 1, sgd(), 4), 1e-6);
  const ScalarTask in_double({.shape = {}, .train = 256, .test = 8, .seed = 5});
  EXPECT_LT(distance_to_large_batch(in_double, 1, sgd()), 1e-12);
  EXPECT_GT(distance_to_large_batch(in_double, 2, sgd()), 1e-6);  // the law must be able to fail
}

TEST(TwoLevels, OneGroupOfAllEqualsEveryStepToTheBit) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const auto& inner : {sgd(), adamw()}) {
    SmallRun one_group(*task, grouped(4, 1), constant(6), inner);
    one_group.finish();
    SmallRun every_step(*task, grouped(1, 1), std::make_unique<EveryStep>(EveryStepOptions{}), inner);
    every_step.finish();
    EXPECT_TRUE(same_bits(one_group.parameters(), every_step.parameters()));
  }
}

void become_mean(const std::vector<Vector>& vectors) {
  const Vector mean = vectors[0].copy();
  for (size_t i = 1; i < vectors.size(); ++i) add(mean, vectors[i]);
  divide(mean, static_cast<double>(vectors.size()));
  for (const Vector& vector : vectors) vector.copy_from(mean);
}

// Rounds of 7 steps: groups meet after 3 and 6 steps of a round, all after 7.
TEST(TwoLevels, AnInnerPeriodAboveOneAveragesTheParametersOfAGroup) {
  const auto task = small_task(ImageNetwork::mlp);
  const SmallRunOptions options = grouped(2, 3);
  SmallRun run(*task, options, constant(7), adamw());
  run.finish();
  const PermutationSampler sampler({.samples = task->train_size(),
                                    .workers = 4,
                                    .batch = options.batch,
                                    .seed = options.seed,
                                    .group_size = 2});
  const LearningRate rate(options.rate, options.steps);
  ThreadPool alone(1);
  std::vector<std::unique_ptr<Replica>> replicas;
  std::vector<Vector> x;
  for (int worker = 0; worker < 4; ++worker) {
    auto model = task->make_model();
    auto inner = adamw()(model->parameters(), model->type());
    replicas.push_back(std::make_unique<Replica>(std::move(model), std::move(inner)));
    replicas.back()->initialise(alone);
    x.push_back(replicas.back()->parameters());
  }
  for (int64_t step = 0; step < options.steps; ++step) {
    for (int64_t worker = 0; worker < 4; ++worker) {
      Replica& replica = *replicas[static_cast<size_t>(worker)];
      replica.compute_gradient(
          task->train_batch(sampler.samples(step, worker), step / sampler.steps_per_epoch()), {});
      replica.apply_gradient(rate.at(step), 0);
    }
    const int64_t done = step % 7 + 1;
    if (done == 7 || step + 1 == options.steps) {
      become_mean(x);
    } else if (done % 3 == 0) {
      become_mean({x[0], x[1]});
      become_mean({x[2], x[3]});
    }
  }
  EXPECT_TRUE(same_bits(run.parameters(), x[0]));
}

// Which samples a group sees does not depend on how it shares them out.
TEST(TwoLevels, AGroupSeesTheSamplesOfOneWorkerOfALargerBatch) {
  const SamplerOptions options{.samples = 1000, .workers = 6, .batch = 5, .seed = 9, .group_size = 3};
  const PermutationSampler groups(options);
  const PermutationSampler large({.samples = 1000, .workers = 2, .batch = 15, .seed = 9});
  for (const int64_t step : {0, 7, 33, 40})
    for (int64_t group = 0; group < 2; ++group) {
      std::vector<int64_t> theirs;
      for (int64_t worker = group * 3; worker < group * 3 + 3; ++worker)
        for (const int64_t sample : groups.samples(step, worker)) theirs.push_back(sample);
      std::vector<int64_t> wanted = large.samples(step, group);
      std::sort(theirs.begin(), theirs.end());
      std::sort(wanted.begin(), wanted.end());
      EXPECT_EQ(theirs, wanted);
    }
}

TEST(TwoLevels, SameBitsOnAnyThreadsAndForAnyStretch) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const int64_t period : {1, 3}) {
    std::vector<Vector> results;
    for (const int threads : {1, 3})
      for (const int64_t stretch : {1, 2, 1000}) {
        SmallRunOptions options = grouped(2, period);
        options.threads = threads;
        SmallRun run(*task, options, constant(8), sgd());
        run.finish(stretch);
        results.push_back(run.parameters());
      }
    for (const auto& result : results) EXPECT_TRUE(same_bits(result, results[0])) << period;
  }
}

TEST(TwoLevels, ResumeInsideARoundIsBitEqual) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  const int64_t size = task->make_model()->parameters().size();
  for (const int64_t period : {1, 2}) {
    const auto make = [&] {
      return std::make_unique<SmallRun>(
          *task, grouped(2, period),
          std::make_unique<QuadraticRule>(QuadraticRuleOptions{.base_period = 3, .growth = 0.1}), adamw(),
          std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float32));
    };
    const auto undisturbed = make();
    const auto rounds = undisturbed->finish();
    for (const int64_t stop : {1, 2, 3, 4, 5, 8, 11, 14, 19}) {
      const auto first = make(), second = make();
      while (first->method().step() < stop) first->method().advance(stop - first->method().step());
      second->method().restore(first->method().state());
      const auto rest = second->finish(3);
      EXPECT_TRUE(same_bits(second->parameters(), undisturbed->parameters()))
          << "inner period " << period << ", stopped after step " << stop;
      EXPECT_EQ(rest.back().inner_bytes_per_worker, rounds.back().inner_bytes_per_worker);
    }
  }
}

TEST(TwoLevels, RoundsSayWhatGroupsHandedIn) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const auto& [period, meetings] : {std::pair<int64_t, int64_t>{1, 6}, {2, 2}, {3, 1}, {6, 0}}) {
    SmallRun run(*task, grouped(2, period), constant(6), sgd());
    const auto rounds = run.finish();
    const int64_t bytes = 4 * run.parameters().size();
    EXPECT_EQ(rounds[0].bytes_per_worker, bytes);
    EXPECT_EQ(rounds[0].inner_bytes_per_worker, meetings * bytes) << period;
  }
  SmallRun post(*task, grouped(2, 1),
                std::make_unique<PostLocal>(PostLocalOptions{.base_period = 5, .switch_step = 10}), sgd());
  const auto rounds = post.finish();
  EXPECT_EQ(rounds.front().inner_bytes_per_worker, 0);  // all workers average gradients
  EXPECT_GT(rounds.back().inner_bytes_per_worker, 0);
}

/// One process, a thread here, of a run over several.
class Process {
 public:
  Process(const Task& task, const SmallRunOptions& options, Communicator& all, Communicator* inner,
          std::unique_ptr<SyncSchedule> schedule)
      : pool_(1),
        averager_(all, pool_),
        sampler_({.samples = task.train_size(),
                  .workers = options.workers,
                  .batch = options.batch,
                  .seed = options.seed,
                  .group_size = options.group_size}),
        inner_meeting_({options.group_size, options.workers, all.size()}, options.inner_period, inner, pool_),
        rate_(options.rate, options.steps),
        method_({task, sampler_, pool_, averager_, rate_, std::move(schedule),
                 std::make_unique<PlainAverage>(), sgd(), &inner_meeting_},
                {.total_steps = options.steps,
                 .hosted_workers = options.workers / all.size(),
                 .seed = options.seed,
                 .deadline = std::chrono::seconds(20)}) {}
  Synchronous& method() { return method_; }

 private:
  ThreadPool pool_;
  Averager averager_;
  PermutationSampler sampler_;
  InnerMeeting inner_meeting_;
  LearningRate rate_;
  Synchronous method_;
};

/// The groups of `processes` ranks in blocks of `block`: of all, on two levels where there are several
/// blocks, and of the inner meetings of each.
struct Groups {
  Groups(int processes, int block) : all(ThreadGroup::make(processes)), inner(all.size()) {
    if (block == 1) return;
    for (size_t number = 0; number < all.size() / static_cast<size_t>(block); ++number) {
      auto members = ThreadGroup::make(block);
      for (size_t i = 0; i < members.size(); ++i) inner[number * members.size() + i] = std::move(members[i]);
    }
    if (block == processes) return;
    std::vector<std::vector<std::unique_ptr<Communicator>>> across(static_cast<size_t>(block));
    for (auto& column : across) column = ThreadGroup::make(processes / block);
    for (int number = 0; number < processes / block; ++number) {
      auto members = ThreadGroup::make(block);
      for (int place = 0; place < block; ++place) {
        auto& whole = all[static_cast<size_t>(number * block + place)];
        whole =
            make_two_level_group(std::move(whole), std::move(members[static_cast<size_t>(place)]),
                                 std::move(across[static_cast<size_t>(place)][static_cast<size_t>(number)]));
      }
    }
  }
  std::vector<std::unique_ptr<Communicator>> all, inner;
};

Vector over_processes(const Task& task, const SmallRunOptions& options, int processes) {
  const int64_t hosted = options.workers / processes;
  Groups groups(processes, static_cast<int>(std::max<int64_t>(1, options.group_size / hosted)));
  std::vector<Vector> ends(static_cast<size_t>(processes));
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < ends.size(); ++rank)
    threads.emplace_back([&, rank] {
      Process process(task, options, *groups.all[rank], groups.inner[rank].get(), constant(5));
      while (process.method().advance(3)) {
      }
      ends[rank] = process.method().replicas()[0]->parameters().copy();
    });
  for (std::thread& thread : threads) thread.join();
  for (const Vector& end : ends) EXPECT_TRUE(same_bits(end, ends[0]));
  return ends[0];
}

TEST(TwoLevels, SeveralProcessesEqualOne) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const int64_t period : {1, 2})
    for (const int64_t group_size : {2, 4}) {
      const SmallRunOptions options = grouped(group_size, period);
      SmallRun one(*task, options, constant(5), sgd());
      one.finish();
      const Vector alone = one.parameters();
      EXPECT_LT(relative_difference(over_processes(*task, options, 4), alone), 1e-5);
      EXPECT_LT(relative_difference(over_processes(*task, options, 2), alone), 1e-5);
      if (group_size < 4) continue;
      EXPECT_TRUE(same_bits(over_processes(*task, options, 4), alone));
    }
}

// The other process of the group goes before its second step.
TEST(TwoLevels, AGroupThatLosesAProcessLeavesParametersAsTheyWere) {
  const auto task = small_task(ImageNetwork::mlp);
  for (const int64_t period : {1, 2}) {
    const SmallRunOptions options = grouped(4, period);
    Groups groups(2, 2);
    std::thread other([&] {
      Process process(*task, options, *groups.all[1], groups.inner[1].get(), constant(5));
      process.method().advance(period);
      groups.inner[1].reset();
    });
    Process process(*task, options, *groups.all[0], groups.inner[0].get(), constant(5));
    Synchronous& method = process.method();
    method.advance(period);
    const Vector before = method.replicas()[0]->parameters().copy();
    EXPECT_THROW(method.advance(1), LostPeer);
    EXPECT_EQ(method.step(), period);
    EXPECT_TRUE(same_bits(method.replicas()[0]->parameters(), before));
    other.join();
  }
}

}  // namespace
}  // namespace muster
