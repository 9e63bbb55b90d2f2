#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/flat/state.h"
#include "muster/method/event_log.h"
#include "muster/rendezvous/identity.h"

namespace muster {

/// What a server keeps on the disk so that nothing acknowledged is ever lost: FOLDER/snapshot-00000003, its
/// whole state, and FOLDER/events-00000003, all that happened since. A snapshot appears by renaming, after
/// its bytes are on the disk, and the older ones go only then; an event is on the disk before anybody is told
/// of it. State now = the newest snapshot, then the events behind it.
class ServerFiles {
 public:
  /// `keep_all`: snapshots and events that are no longer needed stay, for a replay from the beginning.
  /// REQUIRES: the folder exists, and no other process works in it.
  ServerFiles(std::string folder, const Identity& identity, bool keep_all);

  /// The newest snapshot; nothing in a new folder. Throws FileError, CheckpointError.
  std::optional<State> newest_snapshot();
  /// The log of what happened behind it; null where the process ended before it could begin one. Throws
  /// CheckpointError where it is of another run, naming what differs; FileError, DataError.
  std::unique_ptr<EventLogReader> open_log() const;
  /// Goes on behind the first `bytes` bytes of that log, its whole events; or begins it, where there is none.
  /// Throws FileError.
  void reopen_log(int64_t bytes);
  void start_log();
  /// A new snapshot, and from now on a new log. Throws FileError: then what was there is still all there.
  void begin_anew(const State& state);

  /// REQUIRES: reopen_log(), start_log() or begin_anew().
  EventLogWriter& log() { return *log_; }
  int64_t number() const { return number_; }

 private:
  std::string snapshot_path(int64_t number) const;
  std::string log_path(int64_t number) const;
  void remove_before(int64_t number) const;

  std::string folder_;
  std::string identity_;
  bool keep_all_;
  int64_t number_ = -1;  // of the newest snapshot
  std::optional<EventLogWriter> log_;
};

/// All logs of a folder whose server kept everything, from the first snapshot on: the state it began with,
/// and its logs. Throws CheckpointError where something was not kept.
struct WholeRecord {
  State beginning;
  std::vector<std::string> logs;
};
WholeRecord whole_record(const std::string& folder);

}  // namespace muster
