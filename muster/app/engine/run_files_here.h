#pragma once

#include <memory>
#include <optional>
#include <string>

#include "muster/app/engine/training.h"
#include "muster/train/run_folder.h"
#include "muster/train/run_loop.h"

namespace muster {

/// The files that a run writes, in the hands of the process that writes them.
class RunFilesHere {
 public:
  explicit RunFilesHere(RunFolder folder);

  const RunFolder& folder() const { return folder_; }
  /// The newest whole checkpoint, checked against this run; nothing where it begins anew. Throws
  /// CheckpointError.
  std::optional<Checkpoint> find_checkpoint(const Training& training, const std::string& fingerprint) const;
  /// Opens metrics, events and progress: new ones, or those that the checkpoint goes on with.
  void open(const Training& training, const std::optional<Checkpoint>& checkpoint);
  /// The same behind the last whole line of who has written until now.
  void take_over(const Training& training);
  /// REQUIRES: open() or take_over().
  RunFiles* files() { return &open_->files; }

 private:
  struct Open {
    Open(MetricsFile metrics_file, const std::string& folder, int64_t first_step,
         const ProgressOptions& options, CheckpointStore& store);
    MetricsFile metrics;
    EventFile events;
    ProgressLine progress;
    RunFiles files;
  };
  void open_at(const Training& training, std::optional<int64_t> metrics_bytes, int64_t first_step);

  RunFolder folder_;
  std::optional<CheckpointStore> store_;
  std::unique_ptr<Open> open_;
};

}  // namespace muster
