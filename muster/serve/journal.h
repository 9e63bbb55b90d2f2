#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "muster/asynchronous/event_log.h"
#include "muster/serve/durable_mark.h"
#include "muster/serve/ordered_work.h"
#include "muster/serve/server_file_names.h"

namespace muster::inline serve {

struct JournalOptions {
  std::string identity;
  int64_t number = 0;         ///< of the first file that it writes
  uint64_t events = 0;        ///< that happened before
  int64_t contributions = 0;  ///< counted among them
};

/// A new file of the journal, for the events behind a copy of the server's state.
struct Rotation {
  int64_t number = 0;        ///< of the file
  uint64_t first_event = 0;  ///< its first event's number
  uint64_t place = 0;        ///< in the journal's order: when it is done, the file is there
};

/// Brings a server's events to the disk, in the order given, on a thread of its own: all that were appended
/// while one flush was under way are written together and share the next one. When a disk stalls, only
/// callers of wait() wait. After a failed write it writes no more: none of those events is ever done, and
/// callers that wait get a FileError. For several threads at once.
class Journal {
 public:
  /// Begins a file, on the disk when it returns. Throws FileError.
  Journal(const ServerFileNames& names, JournalOptions options);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Writes what is left.
  ~Journal();

  /// Returns the event's place in the order, for wait(). Vectors are borrowed until it is done. It may be
  /// written from the next wake() on.
  uint64_t append(const ServerEvent& event);
  /// What is appended from now on goes into a new file. REQUIRES: nobody else appends meanwhile.
  Rotation rotate();
  /// To be called when all events that belong together were appended.
  void wake() { work_.wake(); }
  /// The place of the event appended last.
  uint64_t last() const { return work_.last(); }
  /// Whether the event at that place is on the disk.
  bool done(uint64_t place) const { return work_.done(place); }
  /// Until it is. Throws FileError where that failed.
  void wait(uint64_t place) const { work_.wait(place); }
  /// The same until `end`; false where it is not on the disk then.
  bool wait_until(uint64_t place, std::chrono::steady_clock::time_point end) const {
    return work_.wait_until(place, end);
  }
  /// Throws FileError where a write has failed.
  void require_working() const { work_.require_working(); }
  /// Of the file that it began with.
  Rotation beginning() const { return {options_.number, options_.events, 0}; }

 private:
  using Item = std::variant<ServerEvent, Rotation>;
  void run();
  void write(const std::deque<Item>& items);
  void begin(const Rotation& rotation);
  void flush();
  void put_in_place();

  ServerFileNames names_;
  JournalOptions options_;
  Rotation next_;  // the newest file ordered, and the number of the next event: of those who append

  // Used by the thread only.
  DurableMarkFile mark_;
  std::optional<EventLogWriter> log_, full_;  // full_: the file before, where it is not flushed yet
  int64_t number_ = 0, contributions_ = 0;
  std::chrono::microseconds last_flush_{0};

  OrderedWork<Item> work_;
  std::thread thread_;
};

}  // namespace muster::inline serve
