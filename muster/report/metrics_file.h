#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/open_file.h"

namespace muster::inline report {

/// Wall time of a part of the training by activity, in seconds.
struct MetricsSeconds {
  double compute = 0;
  double waiting = 0;
  double averaging = 0;
  double data = 0;
  double evaluation = 0;
  bool operator==(const MetricsSeconds&) const = default;
};

/// One line of metrics.jsonl: a round that ended, or (`evaluation` true) a measurement between two meetings,
/// which holds only step, round, test_loss, test_accuracy, probe, seconds.evaluation and wall_seconds.
struct MetricsLine {
  bool evaluation = false;
  int64_t step = 0;                     ///< steps done in the run
  int64_t round = 0;                    ///< rounds ended in the run
  int64_t period = 0;                   ///< steps of this round
  std::string average;                  ///< "gradients" or "parameters"
  double learning_rate = 0;             ///< of the round's last step
  double loss = 0;                      ///< mean over the round's steps and all workers
  std::optional<double> divergence;     ///< of the replicas at this meeting, where it was measured
  int64_t bytes_per_worker = 0;         ///< of one worker's messages at this meeting
  int64_t inner_bytes_per_worker = 0;   ///< the same at its group's meetings within this round
  MetricsSeconds seconds;               ///< of this round
  double samples_per_second = 0;        ///< over this round, all workers
  std::optional<double> test_loss;      ///< of the averaged model
  std::optional<double> test_accuracy;  ///< of the averaged model, 0 to 1
  std::map<std::string, double> probe;  ///< of a measurement: the numbers of the probes, by name
  double wall_seconds = 0;              ///< since the run's first step, over all sessions
  bool operator==(const MetricsLine&) const = default;
};

/// One JSON object without line break. Numbers that are not finite are written as null.
std::string to_json(const MetricsLine& line);

/// The last step of each kind of line: rounds, measurements of the test set, probes. Steps of a kind rise.
class LastSteps {
 public:
  bool precede(const MetricsLine& line) const { return of(line) < line.step; }
  void note(const MetricsLine& line);

 private:
  int64_t of(const MetricsLine& line) const { return steps_[kind(line)]; }
  static size_t kind(const MetricsLine& line);

  std::array<int64_t, 3> steps_ = {-1, -1, -1};
};

/// The file OUT/metrics.jsonl of a running training. A failed write leaves the lines before it whole.
class MetricsFile {
 public:
  /// A new, empty file (an old one is emptied). Throws FileError.
  static MetricsFile create(const std::string& path);
  /// An existing file, cut back to its first `bytes` bytes (position() at the checkpoint). Throws
  /// CheckpointError when it is missing or shorter than that, FileError when it cannot be written.
  static MetricsFile reopen_at(const std::string& path, int64_t bytes);
  /// A new file at `made_at` that holds these whole lines, on the disk; the caller moves it to `path`. Throws
  /// FileError.
  static MetricsFile make(const std::string& made_at, const std::string& path, std::string_view lines);

  /// Appends a line; leaves it out where its step is not after the last of its kind: it was written before.
  /// Throws FileError.
  void write(const MetricsLine& line);
  /// Bytes in whole lines. A checkpoint keeps it, after sync() has brought these bytes to the disk.
  int64_t position() const { return position_; }
  void sync();

 private:
  MetricsFile(OpenFile file, int64_t position);
  void append(std::string_view text);
  void undo_write();

  OpenFile file_;  // content that was not synced may be lost in a crash
  int64_t position_;
  LastSteps last_;
};

/// Whole lines of metrics, as `content` holds them. Throws DataError naming `path` and the line.
std::vector<MetricsLine> parse_metrics(std::string_view content, const std::string& path);

/// All lines. A last line that was cut off in writing is left out. null numbers are read as NaN. Throws
/// FileError (missing), DataError (any other line that is none of metrics, with its number).
std::vector<MetricsLine> read_metrics(const std::string& path);

}  // namespace muster::inline report
