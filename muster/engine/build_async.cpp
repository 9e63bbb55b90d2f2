#include "muster/engine/build_async.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/base/error.h"
#include "muster/engine/build_optimizers.h"
#include "muster/engine/word_meaning.h"
#include "muster/optim/delay_compensation.h"
#include "muster/schedule/shard_steps.h"

namespace muster::inline engine {

std::unique_ptr<OuterOptimizer> build_async_outer(const Catalogue& catalogue, const AsyncSection& async,
                                                  int64_t size, ElementType type) {
  const AsyncOuterKind& kind = catalogue.async_outer_optimizers().at(async.outer);
  return kind.make(async.outer_values, size, type);
}

AsyncServer build_async_server(const Catalogue& catalogue, const Configuration& configuration,
                               const DispatchOptions& dispatch, const Vector& parameters) {
  const AsyncSection& async = configuration.async;
  const AsyncOuterKind& kind = catalogue.async_outer_optimizers().at(async.outer);
  AsyncServerParts parts;
  parts.dispatcher = std::make_unique<Dispatcher>(dispatch);
  parts.weight = std::make_unique<PolynomialWeight>(
      StalenessWeightOptions{*async.weight, async.staleness_power, async.staleness_threshold});
  if (async.delay_compensation > 0)
    parts.correction = std::make_unique<DelayCompensation>(async.delay_compensation);
  parts.outer = build_async_outer(catalogue, async, parameters.size(), parameters.type());
  static const std::map<std::string, Outliers> outliers = {
      {"accept", Outliers::accept}, {"warn", Outliers::warn}, {"refuse", Outliers::refuse}};
  return {
      std::move(parts),
      {.max_norm = async.max_norm,
       .look_ahead = kind.reads("look_ahead") && std::get<bool>(kind.value("look_ahead", async.outer_values)),
       .outliers = meaning_of(outliers, async.outlier)},
      parameters};
}

std::vector<LearningRate> build_shard_learning_rates(const Catalogue& catalogue,
                                                     const Configuration& configuration,
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
    rates.push_back(make_learning_rate(catalogue, configuration, steps));
  }
  return rates;
}

std::unique_ptr<AsyncWorker> build_async_worker(const Catalogue& catalogue,
                                                const Configuration& configuration, const Task& task,
                                                const Sampler& sampler,
                                                const std::vector<LearningRate>& learning_rates) {
  const ReplicaWorkerOptions options{.seed = static_cast<uint64_t>(configuration.run.seed),
                                     .clip = configuration.inner.clip.value_or(0),
                                     .reset_optimizer = configuration.async.reset_optimizer,
                                     .first_step_at_peak = configuration.async.first_step_at_peak};
  return std::make_unique<ReplicaWorker>(
      ReplicaWorkerParts{task, sampler, learning_rates, build_inner(catalogue, configuration.inner)},
      options);
}

std::vector<int64_t> shard_sizes(const Sampler& sampler, int64_t shards, int64_t train_samples) {
  std::vector<int64_t> sizes;
  for (int64_t shard = 0; shard < shards; ++shard)
    sizes.push_back(sampler.samples_of(shard).value_or(train_samples / shards));
  return sizes;
}

}  // namespace muster::inline engine
