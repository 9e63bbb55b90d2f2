#include "muster/app/options/resolve_async.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/codec_choice.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/choice/unused_option.h"

namespace muster::inline app {

namespace {

constexpr int64_t default_async_epochs = 10, evaluations = 10;

void require(bool holds, std::string_view key, const Value& value, std::string_view remedy) {
  if (holds) return;
  const std::string text = format_plain(value);
  throw OptionError(key, text.empty() ? "(not given)" : shown(text), remedy);
}

template <class T>
Value as_value(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

/// Throws OptionError for the first key of a section whose value is not its default.
void require_untouched(const Catalogue& catalogue, const Configuration& configuration,
                       std::string_view section, std::string_view remedy) {
  const Configuration untouched;
  for (const Key& key : catalogue.keys())
    if (key.section() == section)
      require(key.get(configuration) == key.get(untouched), key.name, key.get(configuration), remedy);
}

void check_devices(const Configuration& configuration) {
  const AsyncSection& async = configuration.async;
  const auto devices = static_cast<int64_t>(async.seconds_per_step.size());
  require(devices > 0, "async.seconds_per_step", async.seconds_per_step,
          "give at least one device's, such as 0.58,0.75,1.51,3.33");
  const auto& workers = configuration.run.workers;
  require(!workers || *workers >= devices, "run.workers", as_value(workers),
          fmt::format("is less than the {} devices of async.seconds_per_step; leave it out, or name fewer",
                      devices));
  require_used(async.dynamic_local_updates || async.speed_quantile == 1, "async.speed_quantile",
               async.speed_quantile, "has no use without async.dynamic_local_updates; leave it out");
}

/// What virtual and real time have in common.
void check_asynchronous(const Catalogue& catalogue, const Configuration& configuration) {
  require_untouched(catalogue, configuration, "schedule",
                    "has no use in an asynchronous run, whose workers do not "
                    "meet; async.local_steps says how long a round is");
  require_untouched(catalogue, configuration, "outer",
                    "configures meetings, and an asynchronous run has none; async.outer says what the server "
                    "does");
  require(configuration.run.loader_threads.value_or(0) == 0, "run.loader_threads",
          as_value(configuration.run.loader_threads),
          "has no use in an asynchronous run, whose workers make their own batches; leave it out");
  require(!configuration.run.verify, "run.verify", true,
          "compares processes that meet; an asynchronous run has none; leave it out");
  require(!configuration.run.probe, "run.probe", configuration.run.probe.value_or(""),
          "looks between the rounds of workers that meet; probe the model that comes of an asynchronous run: "
          "muster probe");
  const AsyncSection& async = configuration.async;
  const AsyncOuterKind& outer = catalogue.async_outer_optimizers().at(async.outer);
  catalogue.async_outer_optimizers().check_used(outer, async.outer_values);
  if (outer.check) outer.check(async.outer_values);
}

}  // namespace

void check_no_async(const Catalogue& catalogue, const Configuration& configuration) {
  require_untouched(catalogue, configuration, "async",
                    "belongs to asynchronous runs (muster simulate); muster train lets the workers meet, as "
                    "schedule.rule says");
}

void check_async(const Catalogue& catalogue, const Configuration& configuration) {
  check_asynchronous(catalogue, configuration);
  require_untouched(catalogue, configuration, "comm",
                    "is of processes that meet; a simulated run has one process");
  require_untouched(catalogue, configuration, "elastic",
                    "is of processes that meet; async.failures says who is away "
                    "in a simulated run");
  require_untouched(catalogue, configuration, "checkpoint",
                    "is not used by a simulated run, which leaves no "
                    "checkpoints; start it again");
  check_devices(configuration);
}

void check_served(const Catalogue& catalogue, const Configuration& configuration) {
  check_asynchronous(catalogue, configuration);
  const Configuration untouched;
  for (const Key& key : catalogue.keys())
    if (key.section() == "comm" && key.family != "comm.codec")
      require(key.get(configuration) == key.get(untouched), key.name, key.get(configuration),
              "is of processes that meet; of comm.* a server knows the keys of codecs alone");
  codec_choice(catalogue, configuration.comm);
  require_untouched(catalogue, configuration, "elastic",
                    "is of processes that meet; serve.lease says when a worker counts as gone");
  require_untouched(catalogue, configuration, "checkpoint",
                    "is not used by a server, which keeps a log; serve.snapshot_every");
}

void fill_async(const Catalogue& catalogue, Configuration& configuration) {
  AsyncSection& async = configuration.async;
  RunSection& run = configuration.run;
  if (!run.workers) run.workers = static_cast<int64_t>(async.seconds_per_step.size());
  if (!run.threads) run.threads = std::min(usable_cores(), *run.workers);
  if (!run.steps && !run.epochs) run.epochs = default_async_epochs;
  if (!async.shards) async.shards = *run.workers;
  const AsyncOuterKind& outer = catalogue.async_outer_optimizers().at(async.outer);
  async.outer = outer.name;
  outer.fill(async.outer_values, {.workers = *run.workers});
  if (outer.check_filled) outer.check_filled(async.outer_values);
  if (!async.weight)
    async.weight = outer.per_contribution ? 1 / std::sqrt(static_cast<double>(*run.workers)) : 1.0;
  const SamplerKind& sampler = catalogue.samplers().at(configuration.task.sampler);
  configuration.task.sampler = sampler.without_meetings.empty() ? sampler.name : sampler.without_meetings;
}

namespace {

int64_t steps_in_all(const Configuration& configuration, int64_t train_samples) {
  const RunSection& run = configuration.run;
  invariant(run.workers && (run.steps || run.epochs), "complete_async needs a filled configuration");
  if (run.steps) return *run.steps;
  const int64_t per_epoch = train_samples / configuration.task.batch;
  require(per_epoch >= 1, "task.batch", configuration.task.batch,
          fmt::format("there are only {} samples; use a smaller batch", train_samples));
  require(*run.epochs <= std::numeric_limits<int64_t>::max() / per_epoch, "run.epochs", as_value(run.epochs),
          "makes more steps than fit into 64 bits; use fewer");
  return *run.epochs * per_epoch;
}

}  // namespace

int64_t steps_of_a_shard(const Configuration& configuration, int64_t train_samples) {
  return std::max<int64_t>(1, steps_in_all(configuration, train_samples) / *configuration.async.shards);
}

void check_milestones_of_shards(const Catalogue& catalogue, const Configuration& configuration,
                                int64_t train_samples) {
  const LearningRateSection& rate = configuration.learning_rate;
  const int64_t of_a_shard = steps_of_a_shard(configuration, train_samples);
  if (catalogue.rates().at(rate.shape).drops_at_milestones && !rate.milestones.empty())
    require(rate.milestones.back() < of_a_shard, "learning_rate.milestones", rate.milestones,
            fmt::format("each of the {} shards has {} steps; the last milestone must be before their end",
                        *configuration.async.shards, of_a_shard));
}

void complete_async(Configuration& configuration, int64_t train_samples) {
  RunSection& run = configuration.run;
  const int64_t of_a_shard = steps_of_a_shard(configuration, train_samples);
  run.steps = steps_in_all(configuration, train_samples);
  run.epochs.reset();
  if (!configuration.evaluation.every)
    configuration.evaluation.every = std::max<int64_t>(1, *run.steps / evaluations);
  const int64_t warmup = configuration.learning_rate.warmup_steps;
  require(warmup <= of_a_shard, "learning_rate.warmup_steps", warmup,
          fmt::format("each of the {} shards has {} steps; use at most that", *configuration.async.shards,
                      of_a_shard));
}

}  // namespace muster::inline app
