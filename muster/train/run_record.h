#pragma once

#include <cstdint>
#include <optional>

#include "muster/base/numbers.h"
#include "muster/checkpoint/kept_lines.h"
#include "muster/method/progress.h"
#include "muster/task/task.h"

namespace muster::inline train {

/// A measurement of the averaged model on the test set.
struct Evaluated {
  int64_t step = 0;
  double loss = 0;      ///< mean over the test samples
  double accuracy = 0;  ///< share of hits, 0 to 1
};

/// Everything a run adds up from its first step on; goes into every checkpoint, so that a resumed run ends
/// with the summary of the undisturbed one (times add up over the sessions).
struct RunRecord {
  int64_t rounds = 0;
  int64_t bytes_per_worker = 0;
  int64_t inner_bytes_per_worker = 0;  ///< at meetings of groups, within rounds
  double last_epoch_loss_sum = 0;      ///< over the steps of the last epoch: mean loss of the workers
  int64_t last_epoch_steps = 0;
  std::optional<double> last_divergence;
  std::optional<Evaluated> evaluated;  ///< the newest
  TimeByPart seconds;
  TimeByPart round_seconds;  ///< since the last meeting
  double evaluation_seconds = 0;
  double round_evaluation_seconds = 0;  ///< since the last meeting
  double checkpoint_seconds = 0;
  double total_seconds = 0;
  int64_t metrics_bytes = 0;  ///< length of the metrics file
  KeptLines lines;            ///< not in state(): a checkpoint has them in its metrics file

  /// `last_epoch_from`: the first step that counts for the last epoch's loss.
  void add(const Progress& progress, int64_t last_epoch_from);
  Numbers state() const;
  void restore(const Numbers& numbers);
};

}  // namespace muster::inline train
