#include "muster/engine/run_files_here.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <utility>

#include "muster/app/options/change_of_length.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/checkpoint/damaged_result.h"
#include "muster/report/metrics_kept.h"
#include "muster/train/event_values.h"
#include "muster/train/fingerprint.h"

namespace muster::inline engine {

namespace {

/// A suspended earlier writer that holds one of them open then holds a file without a name.
void write_event_files_anew(const Staging& staging) {
  for (const std::string& name : event_files_in(staging.folder())) {
    write_file_atomically(staging.path_of(name), read_file(staging.folder() + "/" + name));
    staging.publish(name);
  }
}

/// Lets the checkpoint of a run that had fewer steps start a longer one, and says what changes. Throws
/// CheckpointError for any other difference.
void make_longer(Checkpoint& checkpoint, const Training& training, const std::string& fingerprint) {
  const int64_t now = training.length().steps;
  const auto before = steps_in(checkpoint.fingerprint);
  if (!before || now <= *before)
    return require_same_fingerprint(checkpoint.path, checkpoint.fingerprint, fingerprint);
  require_same_fingerprint(checkpoint.path, with_steps(checkpoint.fingerprint, now), fingerprint);
  for (const std::string& line :
       change_of_length(training.catalogue(), training.configuration(), *before, now, checkpoint.step))
    print_log("{}\n", line);
  // The last epoch is another one now.
  checkpoint.state.numbers.set("record.last_epoch_loss_sum", 0.0);
  checkpoint.state.numbers.set("record.last_epoch_steps", int64_t{0});
}

}  // namespace

RunFilesHere::Open::Open(MetricsFile metrics_file, const Staging& staging, int64_t first_step,
                         const ProgressOptions& options, CheckpointStore& store)
    : metrics(std::move(metrics_file)),
      events(staging.folder(), first_step, unix_time(), staging.path()),
      progress(std::cerr, options),
      files{store, metrics, events, progress, staging} {}

RunFilesHere::RunFilesHere(RunFolder folder) : folder_(std::move(folder)) {}

std::optional<Checkpoint> RunFilesHere::find_checkpoint(const Training& training,
                                                        const std::string& fingerprint) const {
  if (folder_.fresh && !folder_.damage.empty()) throw beyond_repair(folder_);
  if (folder_.fresh) return std::nullopt;
  const CheckpointStore store(folder_.path + "/checkpoints", training.configuration().checkpoint.keep);
  auto checkpoint = store.latest();
  if (!checkpoint) return std::nullopt;
  make_longer(*checkpoint, training, fingerprint);
  if (checkpoint->skipped_because) print_log("{}\n", *checkpoint->skipped_because);
  print_log("resuming from {} (step {})\n", checkpoint->path, format_count(checkpoint->step));
  return checkpoint;
}

void RunFilesHere::open(const Training& training, const std::optional<Checkpoint>& checkpoint) {
  set_aside_damaged_result(folder_);
  if (!checkpoint) return open_at(training, "", 0);
  const int64_t bytes = checkpoint->state.numbers.integer("record.metrics_bytes");
  const KeptMetrics kept = kept_metrics(folder_.path + "/metrics.jsonl", bytes, checkpoint->step);
  if (!kept.note.empty()) print_log("{}\n", kept.note);
  open_at(training, kept.lines, checkpoint->step + 1);
}

void RunFilesHere::take_over(const Training& training, const RunRecord& record) {
  const std::string path = folder_.path + "/metrics.jsonl";
  const auto& kept = record.lines.lines();
  write_event_files_anew(staging());
  open_at(training, merged_lines(is_there(path) ? read_file(path) : "", record.lines, record.rounds),
          kept.empty() ? training.method().step() + 1 : kept.front().step);
  for (const MetricsLine& line : kept) open_->events.add(line.step, event_values(line));
}

void RunFilesHere::open_at(const Training& training, const std::string& lines, int64_t first_step) {
  store_.emplace(folder_.path + "/checkpoints", training.configuration().checkpoint.keep, staging().path());
  write_file_atomically(
      staging().path_of("config.toml"),
      write_toml(training.catalogue(), with_absolute_paths(training.catalogue(), training.configuration())));
  staging().publish("config.toml");
  MetricsFile metrics =
      MetricsFile::make(staging().path_of("metrics.jsonl"), folder_.path + "/metrics.jsonl", lines);
  staging().publish("metrics.jsonl");
  const int64_t samples = *training.configuration().run.workers * training.configuration().task.batch;
  open_ = std::make_unique<Open>(std::move(metrics), staging(), first_step,
                                 progress_options(STDERR_FILENO, samples), *store_);
  staging().publish(std::filesystem::path(open_->events.path()).filename().string());
}

void RunFilesHere::sync() {
  open_->metrics.sync();
  open_->events.sync();
}

}  // namespace muster::inline engine
