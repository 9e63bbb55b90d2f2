#include "muster/app/engine/run_files_here.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <utility>

#include "muster/app/run_configuration.h"
#include "muster/app/toml_file.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/report/metrics_kept.h"
#include "muster/train/damaged_result.h"
#include "muster/train/fingerprint.h"

namespace muster {

namespace {

/// The progress line of a terminal, or a plain line now and then.
ProgressOptions progress_options(const Training& training) {
  ProgressOptions options;
  options.terminal = ::isatty(STDERR_FILENO) != 0;
  options.width = terminal_width(STDERR_FILENO);
  options.every_seconds = options.terminal ? 0.2 : 5;
  options.samples_per_step = *training.configuration().run.workers * training.configuration().task.batch;
  return options;
}

/// Bytes of a file's whole lines.
int64_t bytes_of_lines(const std::string& path) {
  const std::string text = read_file(path);
  const size_t last = text.rfind('\n');
  return last == std::string::npos ? 0 : static_cast<int64_t>(last) + 1;
}

}  // namespace

RunFilesHere::Open::Open(MetricsFile metrics_file, const std::string& folder, int64_t first_step,
                         const ProgressOptions& options, CheckpointStore& store)
    : metrics(std::move(metrics_file)),
      events(folder, first_step),
      progress(std::cerr, options),
      files{store, metrics, events, progress} {}

RunFilesHere::RunFilesHere(RunFolder folder) : folder_(std::move(folder)) {}

std::optional<Checkpoint> RunFilesHere::find_checkpoint(const Training& training,
                                                        const std::string& fingerprint) const {
  if (folder_.fresh && !folder_.damage.empty()) throw beyond_repair(folder_);
  if (folder_.fresh) return std::nullopt;
  const CheckpointStore store(folder_.path + "/checkpoints", training.configuration().checkpoint.keep);
  auto checkpoint = store.latest();
  if (!checkpoint) return std::nullopt;
  require_same_fingerprint(checkpoint->path, checkpoint->fingerprint, fingerprint);
  if (checkpoint->skipped_because) print_log("{}\n", *checkpoint->skipped_because);
  print_log("going on from {} (step {})\n", checkpoint->path, format_count(checkpoint->step));
  return checkpoint;
}

void RunFilesHere::open(const Training& training, const std::optional<Checkpoint>& checkpoint) {
  set_aside_damaged_result(folder_);
  if (!checkpoint) return open_at(training, std::nullopt, 0);
  const std::string path = folder_.path + "/metrics.jsonl";
  const int64_t bytes = checkpoint->state.numbers.integer("record.metrics_bytes");
  const KeptMetrics kept = kept_metrics(path, bytes, checkpoint->step);
  if (!kept.note.empty()) {
    print_log("{}\n", kept.note);
    write_file_atomically(path, kept.lines);
  }
  open_at(training, static_cast<int64_t>(kept.lines.size()), checkpoint->step + 1);
}

void RunFilesHere::take_over(const Training& training) {
  const std::string path = folder_.path + "/metrics.jsonl";
  std::optional<int64_t> bytes;
  if (std::filesystem::exists(path)) bytes = bytes_of_lines(path);
  open_at(training, bytes, training.method().step() + 1);
}

void RunFilesHere::open_at(const Training& training, std::optional<int64_t> metrics_bytes,
                           int64_t first_step) {
  store_.emplace(folder_.path + "/checkpoints", training.configuration().checkpoint.keep);
  write_file_atomically(folder_.path + "/config.toml",
                        write_toml(with_absolute_paths(training.configuration())));
  const std::string path = folder_.path + "/metrics.jsonl";
  MetricsFile metrics =
      metrics_bytes ? MetricsFile::reopen_at(path, *metrics_bytes) : MetricsFile::create(path);
  open_ = std::make_unique<Open>(std::move(metrics), folder_.path, first_step, progress_options(training),
                                 *store_);
}

}  // namespace muster
