#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/checkpoint/run_folder.h"
#include "muster/engine/training.h"
#include "muster/train/run_loop.h"

namespace muster::inline engine {

/// The files of a run, in the process that writes them. Each is made in the folder's staging area and then
/// moved into place, so that an earlier writer that was suspended and resumes changes none.
class RunFilesHere {
 public:
  explicit RunFilesHere(RunFolder folder);

  const RunFolder& folder() const { return folder_; }
  const Staging& staging() const { return *folder_.staging; }
  /// The newest whole checkpoint, checked against this run; nothing where it begins anew. Throws
  /// CheckpointError.
  std::optional<Checkpoint> find_checkpoint(const Training& training, const std::string& fingerprint) const;
  /// Opens metrics, events and progress: new ones, or those that the checkpoint goes on with. Throws
  /// FileError, CheckpointError.
  void open(const Training& training, const std::optional<Checkpoint>& checkpoint);
  /// The same where another process has written until now, or this one could not: all is written anew, with
  /// the lines that the record keeps. Throws FileError.
  void take_over(const Training& training, const RunRecord& record);
  /// REQUIRES: open() or take_over().
  RunFiles* files() { return &open_->files; }
  /// Brings metrics and events to the disk. Throws FileError.
  void sync();

 private:
  struct Open {
    Open(MetricsFile metrics_file, const Staging& staging, int64_t first_step, const ProgressOptions& options,
         CheckpointStore& store);
    MetricsFile metrics;
    EventFile events;
    ProgressLine progress;
    RunFiles files;
  };
  void open_at(const Training& training, const std::string& lines, int64_t first_step);

  RunFolder folder_;
  std::optional<CheckpointStore> store_;
  std::unique_ptr<Open> open_;
};

}  // namespace muster::inline engine
