#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/method/async_server.h"
#include "muster/method/server_event.h"

namespace muster {

/// A file of events: first a text that says whose they are (a configuration), then the events, each in a
/// record of its own. All numbers are little-endian:
///
///   "muster events 1\n"
///   records: u32 bytes of the head, u32 CRC-32C of head and body, u64 bytes of the body, u32 0,
///            u32 CRC-32C of these 20 bytes, head, body
///
/// The first record's head is the text; of the others head and body are those of encode() (server_event.h).
class EventLogWriter {
 public:
  /// A new file (an old one is replaced). Throws FileError.
  EventLogWriter(const std::string& path, const std::string& identity);
  /// Goes on behind the first `bytes` bytes of an existing one, which is cut there. Throws FileError.
  static EventLogWriter reopen_at(const std::string& path, int64_t bytes);
  EventLogWriter(EventLogWriter&& other) noexcept;
  EventLogWriter& operator=(EventLogWriter&&) = delete;
  ~EventLogWriter();

  /// Appends; the bytes are with the system when it returns. A failed write is undone. Throws FileError.
  void append(const ServerEvent& event);
  /// Brings what was appended to the disk. Throws FileError.
  void sync();
  /// Bytes in whole records.
  int64_t position() const { return position_; }

 private:
  EventLogWriter(std::string path, int descriptor, int64_t position);

  std::string path_;
  int descriptor_;
  int64_t position_;
};

/// Reads a file of events in order. A last record that was cut off in writing counts as not written; so do
/// zeros from a record's beginning to the end of the file, which a loss of power may leave.
class EventLogReader {
 public:
  /// Throws FileError; DataError where it is no file of events.
  explicit EventLogReader(const std::string& path);
  EventLogReader(const EventLogReader&) = delete;
  EventLogReader& operator=(const EventLogReader&) = delete;
  ~EventLogReader();

  const std::string& identity() const { return identity_; }
  /// Nothing at the end. Throws DataError for a damaged record that is not the last.
  std::optional<ServerEvent> next();
  /// Bytes read in whole records.
  int64_t position() const { return position_; }

 private:
  std::string bytes(int64_t count);
  bool only_zeros_from(int64_t position);

  std::string path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
  int64_t position_ = 0;
  std::string identity_;
};

/// Gives the server every event that is left in the log; returns how many. Throws DataError.
int64_t replay(EventLogReader& log, AsyncServer& server);

}  // namespace muster
