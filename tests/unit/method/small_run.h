#pragma once

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "muster/base/thread_pool.h"
#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/method/synchronous.h"
#include "muster/optim/adamw.h"
#include "muster/optim/average.h"
#include "muster/optim/sgd.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/images/generated_images.h"
#include "muster/task/images/image_task.h"
#include "muster/task/samplers/samplers.h"
#include "tests/support/vectors.h"

namespace muster {

/// A task small enough for unit tests: a few hundred generated images.
inline std::unique_ptr<Task> small_task(ImageNetwork network, int64_t train_images = 256, uint64_t seed = 7) {
  GeneratedImagesOptions images;
  images.train = train_images;
  images.test = 64;
  images.seed = seed;
  ImageTaskOptions options;
  options.model.network = network;
  options.model.hidden = {32};
  options.training.seed = seed;
  return std::make_unique<ImageTask>("generated", generate_images(images), options);
}

struct SmallRunOptions {
  int64_t workers = 2, batch = 8, steps = 50;
  int threads = 2;
  uint64_t seed = 3;
  double clip = 0;
  MomentsAtMeeting at_meeting = MomentsAtMeeting::keep;
  LearningRateOptions rate{.shape = LearningRateShape::cosine, .peak = 0.05, .warmup_steps = 5};
  int64_t loader_threads = 0;
  int64_t group_size = 1, inner_period = 1;
  OverlapOptions overlap{};
};

/// What holds the workers of a group together within a round, in one process; null for groups of one.
inline std::unique_ptr<InnerMeeting> inner_meeting(const SmallRunOptions& options, ThreadPool& pool) {
  if (options.group_size == 1) return nullptr;
  return std::make_unique<InnerMeeting>(Grouping{options.group_size, options.workers, 1},
                                        options.inner_period, nullptr, pool);
}

/// A whole run in one process with everything it borrows.
class SmallRun {
 public:
  SmallRun(const Task& task, const SmallRunOptions& options, std::unique_ptr<SyncSchedule> schedule,
           InnerOptimizerFactory inner,
           std::unique_ptr<OuterOptimizer> outer = std::make_unique<PlainAverage>())
      : pool_((use_single_threaded_kernels(), options.threads), use_single_threaded_kernels_here),
        averager_(group_, pool_),
        sampler_({.samples = task.train_size(),
                  .workers = options.workers,
                  .batch = options.batch,
                  .seed = options.seed,
                  .group_size = options.group_size}),
        inner_meeting_(inner_meeting(options, pool_)),
        rate_(options.rate, options.steps),
        method_({task, sampler_, pool_, averager_, rate_, std::move(schedule), std::move(outer),
                 std::move(inner), inner_meeting_.get()},
                {.total_steps = options.steps,
                 .hosted_workers = options.workers,
                 .seed = options.seed,
                 .clip = options.clip,
                 .loader_threads = options.loader_threads,
                 .at_meeting = options.at_meeting,
                 .overlap = options.overlap}) {}

  Synchronous& method() { return method_; }

  /// Advances to the end, at most `stretch` steps at a time; returns the rounds.
  std::vector<RoundReport> finish(int64_t stretch = 1000) {
    std::vector<RoundReport> rounds;
    while (auto progress = method_.advance(stretch))
      if (progress->round) rounds.push_back(*progress->round);
    return rounds;
  }

  Vector parameters() {
    Vector out = method_.replicas()[0]->parameters().copy();
    out.copy_from(method_.mean_parameters());
    return out;
  }

 private:
  ThreadPool pool_;
  Solo group_;
  Averager averager_;
  PermutationSampler sampler_;
  std::unique_ptr<InnerMeeting> inner_meeting_;
  LearningRate rate_;
  Synchronous method_;
};

inline InnerOptimizerFactory sgd(SgdOptions options = {.momentum = 0.9, .weight_decay = 5e-4}) {
  return [options](const Layout& layout, ElementType type) {
    return std::make_unique<Sgd>(options, layout, type);
  };
}

inline InnerOptimizerFactory adamw(AdamWOptions options = {.weight_decay = 0.01}) {
  return [options](const Layout& layout, ElementType type) {
    return std::make_unique<AdamW>(options, layout, type);
  };
}

inline std::unique_ptr<SyncSchedule> constant(int64_t period) {
  return std::make_unique<ConstantPeriod>(ConstantPeriodOptions{.base_period = period});
}

/// Norm of the difference, in double.
inline double distance(const Vector& a, const Vector& b) {
  double sum = 0;
  for (int64_t i = 0; i < b.size(); ++i) sum += std::pow(test::value_at(a, i) - test::value_at(b, i), 2);
  return std::sqrt(sum);
}

/// Norm of the difference over the norm.
inline double relative_difference(const Vector& a, const Vector& b) {
  return distance(a, b) / distance(flat_vector(b.size(), b.type()), b);
}

}  // namespace muster
