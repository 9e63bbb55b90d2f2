#include "muster/app/resolve.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <thread>

#include "muster/app/contradictions.h"
#include "muster/app/input_text.h"
#include "muster/app/keys.h"
#include "muster/app/model_names.h"
#include "muster/app/quota_sentence.h"
#include "muster/app/resolve_async.h"
#include "muster/app/run_configuration.h"
#include "muster/app/toml_file.h"
#include "muster/base/cpu_quota.h"
#include "muster/base/error.h"
#include "muster/comm/grouping.h"
#include "muster/schedule/piecewise.h"

namespace muster {

namespace {

constexpr int64_t default_epochs = 10;

int64_t cores_by_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}
constexpr int64_t generated_samples = 5000, generated_test_samples = 1000;
constexpr int64_t clusters_samples = 4096;
constexpr int64_t folder_image_size = 224;

// The file's own name for the folder, where it means the same.
std::string own_name(const std::string& folder, const std::optional<std::string>& in_file) {
  std::error_code other;
  return in_file && std::filesystem::equivalent(folder, *in_file, other) ? *in_file : folder;
}

Configuration with_file(const std::string& path) {
  Configuration configuration;
  for (const FileSetting& setting : read_toml_file(path))
    find_key(setting.name, "").set(configuration, setting.value);
  check_length_is_single(configuration);
  if (const auto folder = folder_of_run(path))
    configuration.run.out = own_name(*folder, configuration.run.out);
  return configuration;
}

// Settings go into an empty length first, so that a length of the command line replaces the file's.
void apply(Configuration& configuration, const std::vector<Setting>& settings) {
  const auto steps = configuration.run.steps, epochs = configuration.run.epochs;
  configuration.run.steps.reset();
  configuration.run.epochs.reset();
  for (const Setting& setting : settings)
    find_key(setting.name, setting.text).set_text(configuration, setting.text);
  check_length_is_single(configuration);
  if (configuration.run.steps || configuration.run.epochs) return;
  configuration.run.steps = steps;
  configuration.run.epochs = epochs;
}

// The text is a list of pieces, or else the path of a CSV file.
std::string resolved_pieces(const std::string& text) {
  if (text.find_first_not_of("0123456789:, \t-") == std::string::npos)
    return format_pieces(parse_pieces(text));
  return format_pieces(parse_pieces_csv(input_text("schedule.pieces", text), text));
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

void fill_outer(OuterSection& outer) {
  if (outer.optimizer == "average") return;
  const bool slowmo = outer.optimizer == "slowmo";
  if (!outer.learning_rate) outer.learning_rate = slowmo ? 1.0 : 0.7;
  if (!outer.momentum) outer.momentum = slowmo ? 0.5 : 0.9;
}

void fill_schedule(Configuration& configuration) {
  ScheduleSection& schedule = configuration.schedule;
  if (!schedule.growth) schedule.growth = configuration.learning_rate.peak;
  if (schedule.pieces) schedule.pieces = resolved_pieces(*schedule.pieces);
}

void fill_model(TaskSection& task) {
  if (task.model) return;
  task.model = is_text_task(task.name) ? "gpt" : task.name == "clusters" ? "mlp" : "resnet8";
}

void fill_task(TaskSection& task) {
  const bool clusters = task.name == "clusters";
  if (task.name != "generated" && !clusters) return;
  if (!task.samples) task.samples = clusters ? clusters_samples : generated_samples;
  if (!task.test_samples) task.test_samples = clusters ? clusters_samples : generated_test_samples;
}

// Images that are decoded whenever they are wanted need a size, and a thread that does it.
void fill_folder(Configuration& configuration) {
  const bool folder = configuration.task.name == "folder";
  if (folder && !configuration.image.size) configuration.image.size = folder_image_size;
  if (!configuration.run.loader_threads) configuration.run.loader_threads = folder ? 1 : 0;
}

// An asynchronous run.
void fill_simulation(Configuration& configuration) {
  configuration.run.loader_threads = 0;
  fill_async(configuration);
  fill_task(configuration.task);
  fill_folder(configuration);
  const auto samples = known_samples(configuration);
  if (samples || configuration.run.steps) complete_async(configuration, samples.value_or(0));
}

// Where the length is known already, what follows from it.
void fill_by_length(Configuration& configuration, Scope scope) {
  const auto samples = known_samples(configuration);
  if (scope == Scope::training && samples) return complete(configuration, *samples);
  if (!configuration.run.steps) return;
  check_against_length(configuration, *configuration.run.steps);
}

}  // namespace

Configuration resolve(const std::optional<std::string>& config, const std::vector<Setting>& settings,
                      Scope scope, const Processes& processes) {
  Configuration configuration = config ? with_file(*config) : Configuration{};
  apply(configuration, settings);
  fill_model(configuration.task);
  if (scope == Scope::training) check_no_async(configuration);
  const bool asynchronous = scope == Scope::simulation || scope == Scope::serving;
  if (scope == Scope::simulation) check_async(configuration);
  if (scope == Scope::serving) check_served(configuration);
  if (scope != Scope::preview) check_task(configuration);
  if (scope == Scope::training || asynchronous) check_run(configuration.run);
  if (scope != Scope::evaluation) check_method(configuration);
  if (asynchronous) {
    fill_simulation(configuration);
    return configuration;
  }
  fill_run(configuration.run, processes);
  if (scope == Scope::training)
    Grouping{configuration.comm.group_size, *configuration.run.workers, processes.all}.validate();
  fill_task(configuration.task);
  fill_folder(configuration);
  fill_outer(configuration.outer);
  fill_schedule(configuration);
  if (scope != Scope::evaluation) fill_by_length(configuration, scope);
  return configuration;
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

void complete(Configuration& configuration, int64_t train_samples) {
  const RunLength length = run_length(configuration, train_samples);
  if (!configuration.evaluation.every) configuration.evaluation.every = length.steps_per_epoch;
  check_against_length(configuration, length.steps);
}

std::optional<int64_t> known_samples(const Configuration& configuration) {
  const TaskSection& task = configuration.task;
  if (task.name == "clusters") return task.samples.value_or(clusters_samples);
  if (task.name != "generated") return std::nullopt;
  return task.samples.value_or(generated_samples);
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

}  // namespace muster
