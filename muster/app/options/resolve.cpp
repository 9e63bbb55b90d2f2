#include "muster/app/options/resolve.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <thread>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/contradictions.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/probe_times.h"
#include "muster/app/options/quota_sentence.h"
#include "muster/app/options/resolve_async.h"
#include "muster/base/cpu_quota.h"
#include "muster/base/error.h"
#include "muster/choice/unused_option.h"
#include "muster/comm/grouping.h"

namespace muster::inline app {

namespace {

constexpr int64_t default_epochs = 10;

int64_t cores_by_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}
constexpr int64_t folder_image_size = 224;

// The file's configuration without the keys that are set aside.
Configuration with_file(const Catalogue& catalogue, const std::vector<FileSetting>& file,
                        const std::set<std::string>& aside) {
  Configuration configuration;
  for (const FileSetting& setting : file) {
    const Key& key = catalogue.find_key(setting.name, "");
    Configuration checked;
    key.set(aside.contains(key.name) ? checked : configuration, setting.value);
  }
  check_length_is_single(configuration);
  return configuration;
}

// Settings go into an empty length first, so that a length of the command line replaces the file's.
void apply(const Catalogue& catalogue, Configuration& configuration, const std::vector<Setting>& settings) {
  const auto steps = configuration.run.steps, epochs = configuration.run.epochs;
  configuration.run.steps.reset();
  configuration.run.epochs.reset();
  for (const Setting& setting : settings)
    catalogue.find_key(setting.name, setting.text).set_text(configuration, setting.text);
  check_length_is_single(configuration);
  if (configuration.run.steps || configuration.run.epochs) return;
  configuration.run.steps = steps;
  configuration.run.epochs = epochs;
}

void fill_run(RunSection& run, const Processes& processes) {
  if (!run.steps && !run.epochs) run.epochs = default_epochs;
  if (!run.workers) run.workers = processes.all > 1 ? processes.all : usable_cores();
  if (*run.workers % processes.all != 0)
    throw OptionError("run.workers", std::to_string(*run.workers),
                      fmt::format("must be a multiple of the run's {} processes: --run.workers {}, or leave "
                                  "it out",
                                  processes.all, processes.all));
  const int64_t cores = std::max<int64_t>(1, usable_cores() / processes.on_this_host);
  if (!run.threads) run.threads = std::min(cores, *run.workers / processes.all);
}

void fill_schedule(const Catalogue& catalogue, Configuration& configuration) {
  ScheduleSection& schedule = configuration.schedule;
  schedule.rule = catalogue.rules().at(schedule.rule).name;
  const RunFacts facts = run_facts(catalogue, configuration);
  for (const RuleKind& rule : catalogue.rules().all()) {
    rule.fill(schedule.values, facts);
    if (rule.read_files) rule.read_files(schedule.values, input_text);
  }
}

/// Fills in the names of all chosen kinds, also where they are the defaults.
void fill_names(const Catalogue& catalogue, Configuration& configuration) {
  TaskSection& task = configuration.task;
  const TaskKind& data = catalogue.tasks().at(task.name);
  task.name = data.name;
  if (task.model.empty()) task.model = data.model;
  task.sampler = catalogue.samplers().at(task.sampler).name;
  configuration.learning_rate.shape = catalogue.rates().at(configuration.learning_rate.shape).name;
  configuration.inner.optimizer = catalogue.inner_optimizers().at(configuration.inner.optimizer).name;
  configuration.outer.optimizer = catalogue.outer_optimizers().at(configuration.outer.optimizer).name;
  configuration.comm.codec = catalogue.codecs().at(configuration.comm.codec).name;
  configuration.comm.merge = catalogue.merges().at(configuration.comm.merge).name;
  configuration.async.outer = catalogue.async_outer_optimizers().at(configuration.async.outer).name;
  if (configuration.serve.pull_codec.empty()) configuration.serve.pull_codec = catalogue.codecs().at("").name;
}

void fill_task(const TaskKind& kind, TaskSection& task) {
  if (!task.samples) task.samples = kind.samples;
  if (!task.test_samples) task.test_samples = kind.test_samples;
}

// Images that are decoded whenever they are wanted need a size, and a thread that does it.
void fill_folder(const TaskKind& kind, Configuration& configuration) {
  const bool decoded = kind.decoded_when_wanted;
  if (decoded && !configuration.image.size) configuration.image.size = folder_image_size;
  if (!configuration.run.loader_threads) configuration.run.loader_threads = decoded ? 1 : 0;
}

// Fills in the keys of an asynchronous run, except those that depend on its length.
void fill_simulation(const Catalogue& catalogue, Configuration& configuration) {
  const TaskKind& kind = catalogue.tasks().at(configuration.task.name);
  configuration.run.loader_threads = 0;
  fill_async(catalogue, configuration);
  fill_task(kind, configuration.task);
  fill_folder(kind, configuration);
}

// Where the length is known already, what follows from it.
void fill_by_length(const Catalogue& catalogue, Configuration& configuration, Scope scope) {
  const auto samples = known_samples(catalogue, configuration);
  if (scope == Scope::training && samples) return complete(catalogue, configuration, *samples);
  if (!configuration.run.steps) return;
  check_against_length(catalogue, configuration, *configuration.run.steps);
}

/// Resolves layers, and sets keys of the file aside that turn out to have no use.
class Resolver {
 public:
  Resolver(const Catalogue& catalogue, const Given& given, Scope scope, const Processes& processes)
      : catalogue_(catalogue), given_(given), scope_(scope), processes_(processes) {
    for (const std::string& name : without_use(catalogue, given.file, scope)) aside_.insert(name);
  }

  Resolution resolution() {
    Resolution result;
    while (true) {
      try {
        result.given = layered(given_.over);
        result.configuration = filled(result.given);
        break;
      } catch (const UnusedOption& unused) {
        if (!may_be_set_aside(unused.key())) throw;
        aside_.insert(unused.key());
      }
    }
    result.unused = given_.unused;
    result.unused.insert(result.unused.end(), aside_.begin(), aside_.end());
    if (shortened_) result.unused.push_back(*shortened_);
    return result;
  }

 private:
  Configuration layered(const std::vector<Setting>& over) const {
    Configuration configuration = with_file(catalogue_, given_.file, aside_);
    apply(catalogue_, configuration, over);
    return configuration;
  }

  bool stands_in_file(const std::string& key) const {
    return std::any_of(given_.file.begin(), given_.file.end(),
                       [&](const FileSetting& setting) { return setting.name == key; });
  }
  bool is_said_over(const std::string& key) const {
    return std::any_of(given_.over.begin(), given_.over.end(),
                       [&](const Setting& setting) { return setting.name == key; });
  }

  // A key is set aside only where the command line made it useless: a file that contradicts itself is
  // refused.
  bool may_be_set_aside(const std::string& key) {
    if (!stands_in_file(key) || is_said_over(key)) return false;
    try {
      filled(layered({}));
    } catch (const UnusedOption& unused) {
      return unused.key() != key;
    } catch (const OptionError&) {
      return true;  // alone the file lacks something else
    }
    return true;
  }

  Configuration filled(Configuration configuration) {
    fill_names(catalogue_, configuration);
    check(configuration);
    if (is_asynchronous(scope_)) {
      fill_simulation(catalogue_, configuration);
      fill_by_steps_of_shards(configuration);
      return configuration;
    }
    fill_run(configuration.run, processes_);
    if (scope_ == Scope::training)
      Grouping{configuration.comm.group_size, *configuration.run.workers, processes_.all}.validate();
    const TaskKind& kind = catalogue_.tasks().at(configuration.task.name);
    fill_task(kind, configuration.task);
    fill_folder(kind, configuration);
    catalogue_.outer_optimizers().at(configuration.outer.optimizer).fill(configuration.outer.values);
    fill_schedule(catalogue_, configuration);
    if (scope_ != Scope::evaluation) fill_by_length(catalogue_, configuration, scope_);
    return configuration;
  }

  void check(Configuration& configuration) const {
    if (scope_ == Scope::training) check_no_async(catalogue_, configuration);
    if (is_asynchronous(scope_)) fit_devices(configuration);
    if (scope_ == Scope::simulation) check_async(catalogue_, configuration);
    if (scope_ == Scope::serving) check_served(catalogue_, configuration);
    if (!is_walked(scope_)) check_task(catalogue_, configuration);
    if (scope_ == Scope::training || is_asynchronous(scope_)) check_run(configuration.run);
    if (scope_ != Scope::evaluation) check_method(catalogue_, configuration);
  }

  // A file for fewer workers than there are devices by default means the first of these.
  void fit_devices(Configuration& configuration) const {
    std::vector<double>& devices = configuration.async.seconds_per_step;
    const auto& workers = configuration.run.workers;
    const bool usual = devices == AsyncSection().seconds_per_step && !is_said_over("async.seconds_per_step");
    if (usual && workers && !is_said_over("run.workers") && *workers < static_cast<int64_t>(devices.size()))
      devices.resize(static_cast<size_t>(*workers));
  }

  // A file's milestones and warm-up may be those of workers that meet, each of which makes all steps.
  void fill_by_steps_of_shards(Configuration& configuration) {
    const auto samples = known_samples(catalogue_, configuration);
    if (!samples && !configuration.run.steps) return;
    if (is_said_over("learning_rate.milestones") || is_said_over("run.steps"))
      check_milestones_of_shards(catalogue_, configuration, samples.value_or(0));
    const int64_t steps = steps_of_a_shard(configuration, samples.value_or(0));
    int64_t& warmup = configuration.learning_rate.warmup_steps;
    if (warmup > steps && !is_said_over("learning_rate.warmup_steps") && !is_said_over("run.steps")) {
      shortened_ = fmt::format("learning_rate.warmup_steps beyond the {} steps of a shard", steps);
      warmup = steps;
    }
    complete_async(configuration, samples.value_or(0));
  }

  const Catalogue& catalogue_;
  const Given& given_;
  Scope scope_;
  const Processes& processes_;
  std::set<std::string> aside_;
  std::optional<std::string> shortened_;  ///< the part of a key that is left out, in words
};

}  // namespace

Configuration resolve(const Catalogue& catalogue, const std::optional<std::string>& config,
                      const std::vector<Setting>& settings, Scope scope, const Processes& processes) {
  return resolve_given(catalogue, read_given(catalogue, config, settings, scope), scope, processes)
      .configuration;
}

Resolution resolve_given(const Catalogue& catalogue, const Given& given, Scope scope,
                         const Processes& processes) {
  return Resolver(catalogue, given, scope, processes).resolution();
}

RunLength run_length(const Configuration& configuration, int64_t train_samples) {
  const RunSection& run = configuration.run;
  invariant(run.workers && (run.steps || run.epochs), "run_length needs a resolved configuration");
  const int64_t samples_per_step = *run.workers * configuration.task.batch;
  const int64_t per_epoch = train_samples / samples_per_step;
  if (per_epoch < 1)
    throw OptionError(
        "task.batch", std::to_string(configuration.task.batch),
        fmt::format("{} workers would take {} samples in a step, but there are {}; use fewer workers, a "
                    "smaller batch or more samples",
                    *run.workers, samples_per_step, train_samples));
  if (run.steps) return {*run.steps, per_epoch};
  if (*run.epochs > std::numeric_limits<int64_t>::max() / per_epoch)
    throw OptionError("run.epochs", std::to_string(*run.epochs),
                      "makes more steps than fit into 64 bits; use fewer");
  return {*run.epochs * per_epoch, per_epoch};
}

void complete(const Catalogue& catalogue, Configuration& configuration, int64_t train_samples) {
  const RunLength length = run_length(configuration, train_samples);
  if (!configuration.evaluation.every) configuration.evaluation.every = length.steps_per_epoch;
  check_against_length(catalogue, configuration, length.steps);
  check_probes_are_due(catalogue, configuration, length.steps);
}

std::optional<int64_t> known_samples(const Catalogue& catalogue, const Configuration& configuration) {
  const std::optional<int64_t>& made = catalogue.tasks().at(configuration.task.name).samples;
  return made ? std::optional(configuration.task.samples.value_or(*made)) : std::nullopt;
}

std::optional<int64_t> usual_samples(const Catalogue& catalogue, const Configuration& configuration) {
  const std::optional<int64_t>& usual = catalogue.tasks().at(configuration.task.name).usual_samples;
  return usual ? usual : known_samples(catalogue, configuration);
}

int64_t usable_cores() {
  const auto quota = cpu_quota();
  return quota ? std::min(cores_by_affinity(), quota->threads()) : cores_by_affinity();
}

std::optional<std::string> quota_sentence() {
  const auto quota = cpu_quota();
  const int64_t cores = cores_by_affinity();
  if (!quota || quota->cores() >= static_cast<double>(cores)) return std::nullopt;
  return fmt::format("a quota ({}) leaves the time of {:.3g} of {} cores to this process: {} by default",
                     quota->file, quota->cores(), cores,
                     usable_cores() == 1 ? "1 thread" : fmt::format("{} threads", usable_cores()));
}

}  // namespace muster::inline app
