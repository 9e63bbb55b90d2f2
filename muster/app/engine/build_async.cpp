#include "muster/app/engine/build_async.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "muster/app/engine/build_optimizers.h"
#include "muster/app/engine/word_meaning.h"
#include "muster/app/make_schedule.h"
#include "muster/base/error.h"
#include "muster/optim/buffered.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "muster/optim/ema_nesterov.h"
#include "muster/optim/heavy_ball.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/outer_adam.h"
#include "muster/schedule/shard_steps.h"

namespace muster {

namespace {

using Outer = std::unique_ptr<OuterOptimizer>;

/// The steps that are made with one outer gradient: for each contribution, or for a buffer of them.
Outer build_step(const std::string& word, const AsyncSection& async, int64_t size, ElementType type) {
  const double rate = *async.learning_rate;
  const std::map<std::string, std::function<Outer()>> makers = {
      {"sgd",
       [&] {
         return std::make_unique<HeavyBall>(OuterMomentumOptions{.learning_rate = rate, .momentum = 0}, size,
                                            type);
       }},
      {"momentum",
       [&] {
         return std::make_unique<HeavyBall>(OuterMomentumOptions{rate, async.momentum}, size, type);
       }},
      {"nesterov",
       [&] {
         return std::make_unique<Nesterov>(NesterovOptions{rate, async.momentum}, size, type);
       }},
      {"ema",
       [&] {
         return std::make_unique<EmaNesterov>(OuterMomentumOptions{rate, async.momentum}, size, type);
       }},
      {"adam", [&] {
         return std::make_unique<OuterAdam>(
             OuterAdamOptions{rate, async.momentum, async.beta2, async.epsilon}, size, type);
       }}};
  return meaning_of(makers, word)();
}

}  // namespace

Outer build_async_outer(const AsyncSection& async, int64_t size, ElementType type) {
  invariant(async.learning_rate.has_value(), "an unresolved asynchronous run");
  if (async.outer == "buffer")
    return std::make_unique<Buffered>(build_step(async.buffer_step, async, size, type), *async.delay, size,
                                      type);
  if (async.outer == "delayed_nesterov")
    return std::make_unique<DelayedNesterov>(
        DelayedNesterovOptions{*async.learning_rate, async.momentum, *async.delay, async.momentum_spread},
        size, type);
  return build_step(async.outer, async, size, type);
}

AsyncServer build_async_server(const Configuration& configuration, const DispatchOptions& dispatch,
                               const Vector& parameters) {
  const AsyncSection& async = configuration.async;
  AsyncServerParts parts;
  parts.dispatcher = std::make_unique<Dispatcher>(dispatch);
  parts.weight = std::make_unique<PolynomialWeight>(
      StalenessWeightOptions{*async.weight, async.staleness_power, async.staleness_threshold});
  if (async.delay_compensation > 0)
    parts.correction = std::make_unique<DelayCompensation>(async.delay_compensation);
  parts.outer = build_async_outer(async, parameters.size(), parameters.type());
  static const std::map<std::string, Outliers> outliers = {
      {"accept", Outliers::accept}, {"warn", Outliers::warn}, {"refuse", Outliers::refuse}};
  return {std::move(parts),
          {.max_norm = async.max_norm,
           .look_ahead = async.look_ahead,
           .outliers = meaning_of(outliers, async.outlier)},
          parameters};
}

std::vector<LearningRate> build_shard_learning_rates(const Configuration& configuration,
                                                     const ShardSamplingOptions& sampling,
                                                     const std::vector<double>& speeds) {
  const int64_t warmup = configuration.learning_rate.warmup_steps;
  std::vector<LearningRate> rates;
  for (const int64_t steps : expected_shard_steps(sampling, *configuration.run.steps, speeds)) {
    if (warmup > steps)
      throw OptionError(
          "learning_rate.warmup_steps", std::to_string(warmup),
          fmt::format("must be at most {}, the steps that shard {} gets of run.steps = {}: every shard warms "
                      "up by itself; use fewer warm-up steps or fewer shards",
                      steps, rates.size(), *configuration.run.steps));
    rates.push_back(make_learning_rate(configuration, steps));
  }
  return rates;
}

std::unique_ptr<AsyncWorker> build_async_worker(const Configuration& configuration, const Task& task,
                                                const Sampler& sampler,
                                                const std::vector<LearningRate>& learning_rates) {
  const ReplicaWorkerOptions options{.seed = static_cast<uint64_t>(configuration.run.seed),
                                     .clip = configuration.inner.clip.value_or(0),
                                     .reset_optimizer = configuration.async.reset_optimizer,
                                     .first_step_at_peak = configuration.async.first_step_at_peak};
  return std::make_unique<ReplicaWorker>(
      ReplicaWorkerParts{task, sampler, learning_rates, build_inner(configuration.inner)}, options);
}

std::vector<int64_t> shard_sizes(const Sampler& sampler, int64_t shards, int64_t train_samples) {
  std::vector<int64_t> sizes;
  for (int64_t shard = 0; shard < shards; ++shard)
    sizes.push_back(sampler.samples_of(shard).value_or(train_samples / shards));
  return sizes;
}

}  // namespace muster
