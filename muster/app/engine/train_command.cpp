#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "muster/app/commands.h"
#include "muster/app/configuration_json.h"
#include "muster/app/engine/commands.h"
#include "muster/app/engine/model_file.h"
#include "muster/app/engine/training.h"
#include "muster/app/engine/versions.h"
#include "muster/app/make_schedule.h"
#include "muster/app/toml_file.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/flat/flat_buffer.h"
#include "muster/report/summary_file.h"
#include "muster/report/table.h"
#include "muster/schedule/preview.h"
#include "muster/task/autocast.h"
#include "muster/train/fingerprint.h"
#include "muster/train/run_folder.h"
#include "muster/train/run_loop.h"

namespace muster {

namespace {

/// The folder that was asked for, or the first free one of runs/1, runs/2, ...
std::string choose_folder(const RunSection& run) {
  if (run.out) return *run.out;
  if (run.resume)
    throw OptionError("run.resume", "true", "needs run.out: the folder of the run to go on with");
  for (int64_t number = 1;; ++number) {
    const std::string folder = fmt::format("runs/{}", number);
    if (!std::filesystem::exists(folder)) return folder;
  }
}

/// What must be the same for a checkpoint to be gone on with: all but where and how fast the run works, how
/// it is watched, and how its length was said.
std::string fingerprint(const Training& training) {
  auto json = nlohmann::json::parse(configuration_json(training.configuration()));
  for (const char* key : {"threads", "out", "resume", "start_from", "start_from_optimizer", "epochs"})
    json["run"].erase(key);
  for (const char* key : {"interface", "slice_mib", "deadline"}) json["comm"].erase(key);
  json["run"]["steps"] = training.length().steps;
  json["task"].erase("data");
  json.erase("evaluation");
  json.erase("checkpoint");
  json["parameters"] = training.parameters();
  json["training_samples"] = training.task().train_size();
  return json.dump();
}

/// One sentence on the schedule; nothing for rules whose periods follow from the training itself.
std::string schedule_sentence(const Training& training) {
  const ScheduleOptions options = schedule_options(training.configuration());
  const auto schedule = make_schedule(options);
  if (std::holds_alternative<AdaptivePeriodOptions>(options) ||
      std::holds_alternative<LossDrivenOptions>(options))
    return fmt::format(
        "The rule '{}' chooses each period from what it measures in training, beginning with {} steps.",
        training.configuration().schedule.rule, training.configuration().schedule.base_period);
  const int64_t steps = training.length().steps;
  return sentence(
      preview(*schedule, make_learning_rate(training.configuration(), steps), steps, base_period(options)));
}

void tell_speed_of_bf16() {
  const double speed_up = bf16_speed_up();
  if (speed_up >= 1)
    return fmt::print(stderr, "bf16 products are {:.1f} times as fast as fp32 here.\n", speed_up);
  fmt::print(stderr,
             "bf16 products take {:.1f} times as long as fp32 on this processor: bf16 saves memory here, not "
             "time.\n",
             1 / speed_up);
}

void introduce(const Training& training, const RunFolder& folder) {
  const Configuration& configuration = training.configuration();
  const RunLength& length = training.length();
  fmt::print(stderr, "{} on {}: {} parameters, {} workers on {} threads, batch {} each\n",
             *configuration.task.model, configuration.task.name, format_count(training.parameters()),
             *configuration.run.workers, *configuration.run.threads, configuration.task.batch);
  fmt::print(stderr, "{} steps ({} an epoch) of {}, meeting by rule '{}'; files go to {}\n",
             format_count(length.steps), format_count(length.steps_per_epoch), configuration.inner.optimizer,
             configuration.schedule.rule, folder.path);
  fmt::print(stderr, "{}\n", schedule_sentence(training));
  if (configuration.run.precision == "bf16") tell_speed_of_bf16();
}

Summary summarise(const Training& training, const RunRecord& record) {
  Summary summary;
  summary.steps = training.length().steps;
  summary.rounds = record.rounds;
  summary.communication = static_cast<double>(record.rounds) / static_cast<double>(summary.steps);
  if (record.evaluated) {
    summary.final_test_accuracy = record.evaluated->accuracy;
    summary.final_test_loss = record.evaluated->loss;
  }
  summary.loss_floor = training.task().loss_floor();
  summary.skipped_samples = training.task().skipped_samples();
  summary.final_train_loss =
      record.last_epoch_loss_sum / static_cast<double>(std::max<int64_t>(1, record.last_epoch_steps));
  summary.bytes_per_worker = record.bytes_per_worker;
  summary.divergence = record.last_divergence;
  const TimeByPart& spent = record.seconds;
  summary.seconds = {spent.compute,
                     spent.waiting,
                     spent.averaging,
                     spent.data,
                     record.evaluation_seconds,
                     record.checkpoint_seconds,
                     record.total_seconds};
  summary.workers = *training.configuration().run.workers;
  summary.threads = *training.configuration().run.threads;
  const double training_seconds = spent.compute + spent.waiting + spent.averaging + spent.data;
  if (training_seconds > 0)
    summary.samples_per_second =
        static_cast<double>(summary.steps * summary.workers * training.configuration().task.batch) /
        training_seconds;
  summary.parameters = training.parameters();
  summary.versions = versions();
  summary.configuration = configuration_json(training.configuration());
  return summary;
}

/// By how much the test loss lies above the least possible one.
double excess_percent(const Summary& summary) {
  return 100 * (summary.final_test_loss.value_or(0) / *summary.loss_floor - 1);
}

void print_result(const Summary& summary, const std::string& folder) {
  const SummarySeconds& s = summary.seconds;
  const auto share = [&](double seconds) {
    return fmt::format("{} ({:.1f} %)", format_duration(seconds), 100 * seconds / std::max(1e-9, s.total));
  };
  Table table({{"result"}, {"", Align::right}});
  table.add_row({"test accuracy", fmt::format("{:.2f} %", 100 * summary.final_test_accuracy.value_or(0))});
  table.add_row({"test loss", fmt::format("{:.4f}", summary.final_test_loss.value_or(0))});
  if (summary.loss_floor)
    table.add_row({"least loss possible",
                   fmt::format("{:.4f} ({:+.2f} %)", *summary.loss_floor, excess_percent(summary))});
  table.add_row({"training loss, last epoch", fmt::format("{:.4f}", summary.final_train_loss)});
  table.add_row({"steps", format_count(summary.steps)});
  table.add_row({"rounds", fmt::format("{} ({:.2f} % of the steps)", format_count(summary.rounds),
                                       100 * summary.communication)});
  table.add_row({"handed in by a worker", format_bytes(static_cast<double>(summary.bytes_per_worker))});
  if (summary.divergence) table.add_row({"divergence, last meeting", format_number(*summary.divergence, 4)});
  if (summary.skipped_samples > 0)
    table.add_row({"broken files left out", format_count(summary.skipped_samples)});
  table.add_row({"speed", fmt::format("{:.0f} samples/s", summary.samples_per_second)});
  table.add_row({"time", format_duration(s.total)});
  table.add_row({"  compute", share(s.compute)});
  table.add_row({"  waiting", share(s.waiting)});
  table.add_row({"  averaging", share(s.averaging)});
  table.add_row({"  data", share(s.data)});
  table.add_row({"  evaluation", share(s.evaluation)});
  table.add_row({"  checkpoints", share(s.checkpoint)});
  fmt::print("{}", table.text());
  fmt::print("The averaged model is {}/model.safetensors\n", folder);
}

/// The progress line of a terminal, or a plain line now and then.
ProgressOptions progress_options(const Training& training) {
  ProgressOptions options;
  options.terminal = ::isatty(STDERR_FILENO) != 0;
  options.width = terminal_width(STDERR_FILENO);
  options.every_seconds = options.terminal ? 0.2 : 5;
  options.samples_per_step = *training.configuration().run.workers * training.configuration().task.batch;
  return options;
}

RunLoopOptions loop_options(const Training& training) {
  const Configuration& configuration = training.configuration();
  RunLoopOptions options;
  options.total_steps = training.length().steps;
  options.steps_per_epoch = training.length().steps_per_epoch;
  options.samples_per_step = *configuration.run.workers * configuration.task.batch;
  options.evaluate_every = *configuration.evaluation.every;
  options.evaluate_between_meetings = configuration.evaluation.between_meetings;
  options.checkpoint_every = configuration.checkpoint.every;
  options.fingerprint = fingerprint(training);
  options.patience = training.patience();
  return options;
}

/// How to go on with a stopped run: its own resolved configuration stands in its folder.
void say_how_to_resume(const std::string& folder, int64_t step, int64_t total) {
  fmt::print(
      stderr,
      "stopped after step {} of {}; a checkpoint is written. Go on with:\n  muster train {}/config.toml "
      "--run.resume\n",
      format_count(step), format_count(total), folder);
}

/// The newest whole checkpoint, checked against this run.
std::optional<Checkpoint> find_checkpoint(const CheckpointStore& store, const RunFolder& folder,
                                          const RunLoopOptions& options) {
  if (folder.fresh) return std::nullopt;
  auto checkpoint = store.latest();
  if (!checkpoint) return std::nullopt;
  require_same_fingerprint(checkpoint->path, checkpoint->fingerprint, options.fingerprint);
  if (checkpoint->skipped_because) fmt::print(stderr, "{}\n", *checkpoint->skipped_because);
  fmt::print(stderr, "going on from {} (step {})\n", checkpoint->path, format_count(checkpoint->step));
  return checkpoint;
}

/// What rank 0 decides for all processes of a run.
enum class Start : int64_t { train, already_finished };

Start agree_on_start(Training& training, Start mine) {
  at::Tensor word = flat_vector(1, at::kDouble);
  *word.data_ptr<double>() = static_cast<double>(mine);
  training.group().broadcast(word, 0);
  return static_cast<Start>(static_cast<int64_t>(*word.data_ptr<double>()));
}

/// What rank 0 opens to write to, in the run's folder.
struct OpenFiles {
  OpenFiles(const RunFolder& folder, const Training& training, CheckpointStore& store,
            const std::optional<Checkpoint>& checkpoint)
      : metrics(checkpoint ? MetricsFile::reopen_at(folder.path + "/metrics.jsonl",
                                                    checkpoint->state.numbers.integer("record.metrics_bytes"))
                           : MetricsFile::create(folder.path + "/metrics.jsonl")),
        events(folder.path, checkpoint ? checkpoint->step + 1 : 0),
        progress(std::cerr, progress_options(training)),
        files{store, metrics, events, progress} {}
  MetricsFile metrics;
  EventFile events;
  ProgressLine progress;
  RunFiles files;
};

void write_result(Training& training, const RunFolder& folder, const NamedTensors& model,
                  const RunRecord& record, bool json) {
  const Summary summary = summarise(training, record);
  write_safetensors(folder.path + "/model.safetensors", model, model_metadata(training.configuration()));
  write_summary(folder.path + "/summary.json", summary);
  if (json)
    fmt::print("{}\n", to_json(summary, -1));
  else
    print_result(summary, folder.path);
}

/// Rank 0 trains in an open folder, the others without one; returns the exit code.
int train_in(Training& training, const RunFolder* folder, bool json) {
  const RunLoopOptions options = loop_options(training);
  const RunSection& run = training.configuration().run;
  training.build();
  std::optional<CheckpointStore> store;
  std::optional<Checkpoint> checkpoint;
  std::optional<OpenFiles> open;
  if (folder) {
    store.emplace(folder->path + "/checkpoints", training.configuration().checkpoint.keep);
    checkpoint = find_checkpoint(*store, *folder, options);
    write_file_atomically(folder->path + "/config.toml", write_toml(training.configuration()));
    open.emplace(*folder, training, *store, checkpoint);
  }
  const StopSignal stop;
  RunLoop loop(training.method(), training.evaluation(),
               {training.averager(), training.member(), open ? &open->files : nullptr, stop}, options);
  if (!loop.restore(checkpoint) && run.start_from)
    start_from_file(training, *run.start_from, run.start_from_optimizer);
  checkpoint.reset();
  if (!loop.run()) {
    if (open) {
      open->progress.end();
      say_how_to_resume(folder->path, training.method().step(), training.length().steps);
    }
    return 128 + (stop.requested() ? stop.signal() : SIGTERM);
  }
  const NamedTensors model = loop.finish();
  if (folder) write_result(training, *folder, model, loop.record(), json);
  return 0;
}

/// The run's folder and what is to be told of it; only rank 0 has one.
std::optional<RunFolder> open_folder(const Configuration& configuration) {
  RunFolder folder = open_run_folder(*configuration.run.out, configuration.run.resume);
  for (const auto& message : folder.messages) fmt::print(stderr, "{}\n", message);
  return folder;
}

}  // namespace

int run_train(const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  const TrainRequest request = read_train_request(words);
  Configuration configuration = request.configuration;
  const bool json = request.arguments.has("json");
  const bool leads = request.place.rank == 0;
  if (leads) configuration.run.out = choose_folder(configuration.run);
  Training training(configuration, request.place);
  std::optional<RunFolder> folder;
  if (leads) folder = open_folder(configuration);
  training.join();
  const Start start =
      agree_on_start(training, folder && folder->already_finished ? Start::already_finished : Start::train);
  if (start == Start::already_finished) {
    if (leads && json)
      fmt::print("{}\n", nlohmann::json::parse(read_file(folder->path + "/summary.json")).dump());
    return 0;
  }
  if (leads) introduce(training, *folder);
  return train_in(training, folder ? &*folder : nullptr, json);
}

}  // namespace muster
