#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/open_file.h"

namespace muster::inline report {

/// Seconds since 1970, for the times in event files.
double unix_time();

/// The names of the event files in a folder, sorted. Throws FileError.
std::vector<std::string> event_files_in(const std::string& folder);

/// Curves for TensorBoard: a file events.out.tfevents.TIME.HOST.PID of TFRecords (length, masked CRC-32C of
/// it, data, masked CRC-32C of it; little-endian), each an `Event` message of
/// tensorflow/core/util/event.proto, version "brain.Event:2".
class EventFile {
 public:
  /// Makes a new file in an existing folder, named so that it sorts after older ones. It begins with
  /// SessionLog::START at `first_step`: TensorBoard then drops the events of older files from this step on.
  /// So: 0 for a new run; for a resumed one the checkpoint's step + 1. `made_in`: the folder in which the
  /// file is created (empty: `folder`); the caller then moves it to `folder`. Throws FileError.
  EventFile(const std::string& folder, int64_t first_step, double wall_time = unix_time(),
            const std::string& made_in = "");

  /// One event with a value (stored as float) for each tag, e.g. "train/loss". Throws FileError.
  void add(int64_t step, const std::vector<std::pair<std::string, double>>& values,
           double wall_time = unix_time());

  /// Flushes the file to the disk. Throws FileError.
  void sync();

  const std::string& path() const { return path_; }  ///< in the folder

 private:
  void write_record(const std::string& event);

  std::string path_;
  OpenFile file_;
};

}  // namespace muster::inline report
