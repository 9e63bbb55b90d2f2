#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/asynchronous/async_server.h"
#include "muster/asynchronous/event_record.h"
#include "muster/asynchronous/server_event.h"
#include "muster/base/open_file.h"

namespace muster::inline asynchronous {

/// A file of events: "muster events 2\n", then records (event_record.h). The head of the first record is a
/// text that identifies the run (its configuration); of the others head and body are those of encode()
/// (server_event.h). Events are numbered over the whole run; the first record has the number of the first
/// event.
class EventLogWriter {
 public:
  /// A new file (an old one is replaced). Throws FileError.
  EventLogWriter(const std::string& path, const std::string& identity, uint64_t first = 0);

  /// Appends; the operating system has the bytes when it returns. A failed write is undone. Throws FileError.
  void append(const ServerEvent& event);
  /// Brings what was appended to the disk. Throws FileError; what was appended may then be lost, whatever a
  /// later sync() says.
  void sync();
  /// The file was renamed; for messages.
  void moved_to(std::string path) { file_.call_it(std::move(path)); }
  /// Bytes in whole records.
  int64_t position() const { return position_; }
  /// The next event's.
  uint64_t number() const { return number_; }

 private:
  void undo_write();

  OpenFile file_;  // nothing is promised of what sync() has not confirmed
  int64_t position_ = 0;
  uint64_t number_;
};

/// An event that is lost, or would be.
struct LostEvent {
  uint64_t number = 0;
  std::optional<ContributionDropped> contribution;  ///< nothing where it is no contribution, or unreadable
  bool readable = false;                            ///< intact, but events before it are missing
};

struct EventLogReading {
  /// Number of the first event that was not promised (acknowledged to a worker): all before it must be there,
  /// and what cannot be read from there on was cut off in writing. Without it a damaged record counts as cut
  /// off where no sound one follows it.
  std::optional<uint64_t> promised{};
  /// Continues over damage: a contribution with a damaged vector becomes one that was dropped as `damaged`;
  /// an event that cannot be read at all ends the reading, since later events depend on it.
  bool recover = false;
};

/// Reads a file of events in order.
class EventLogReader {
 public:
  /// Throws FileError; DataError where it is no file of events, or of another format version.
  explicit EventLogReader(const std::string& path, const EventLogReading& reading = {});

  const std::string& identity() const { return identity_; }
  uint64_t first() const { return first_; }
  /// Of the event that next() is about to read.
  uint64_t number() const { return number_; }
  int64_t position() const { return position_; }
  /// Nothing at the end, or where `promised` ends. Throws DataError for damage, naming file, byte and event.
  std::optional<ServerEvent> next();

  /// Records whose damaged front or head was read from its copy.
  int64_t mended() const { return mended_; }
  /// Bytes at the end that were cut off in writing; known once the end of the file is reached.
  int64_t torn_bytes() const { return torn_bytes_; }
  /// With `recover`: what could not be kept.
  const std::vector<LostEvent>& lost() const { return lost_; }
  /// With `recover`: an unreadable event was the end.
  bool cut() const { return cut_; }

 private:
  bool promised_here() const;
  std::optional<ServerEvent> torn();
  std::optional<ServerEvent> cut_off();
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  EventLogReading reading_;
  RecordFile file_;
  int64_t position_ = 0;
  uint64_t first_ = 0, number_ = 0;
  std::string identity_;
  int64_t mended_ = 0, torn_bytes_ = 0;
  std::vector<LostEvent> lost_;
  bool cut_ = false, ended_ = false;
};

/// The events from `number` to before `promised`, as lost ones, whether the file still holds them or not:
/// events that follow a lost one cannot be applied. Throws FileError.
std::vector<LostEvent> events_behind(const RecordFile& file, int64_t position, uint64_t number,
                                     uint64_t promised);

/// Gives the server every event that is left in the log; returns how many. Throws DataError.
int64_t replay(EventLogReader& log, AsyncServer& server);

}  // namespace muster::inline asynchronous
