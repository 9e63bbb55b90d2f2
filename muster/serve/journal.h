#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "muster/asynchronous/event_log.h"
#include "muster/flat/state.h"
#include "muster/serve/durable_mark.h"
#include "muster/serve/server_file_names.h"

namespace muster {

struct JournalOptions {
  std::string identity;
  bool keep_all = false;      ///< files that are no longer needed stay
  int64_t number = 0;         ///< of the first snapshot and journal that it writes
  int64_t keep_from = 0;      ///< the newest older snapshot that is whole (the same number: none)
  uint64_t events = 0;        ///< that happened before
  int64_t contributions = 0;  ///< counted among them
};

/// Writes a server's events and snapshots, in the order given, on a thread of its own, so that a disk that
/// stalls makes nobody wait who does not ask for it. After a failed write it writes no more: wait() then
/// throws. For several threads at once.
class Journal {
 public:
  /// Begins a journal and its snapshot, on the disk when it returns. Throws FileError.
  Journal(const ServerFileNames& names, JournalOptions options, const State& state);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Writes what is left.
  ~Journal();

  /// What is appended has a place in the order, for wait(). Vectors are borrowed until it is done.
  uint64_t append(const ServerEvent& event);
  /// A new snapshot, whose `events` it fills in, and a new journal behind it.
  uint64_t snapshot(State state);
  /// Of the last one appended.
  uint64_t last() const;
  /// On the disk.
  bool done(uint64_t place) const;
  /// Until it is. Throws FileError where that failed.
  void wait(uint64_t place);
  /// The same for so many seconds; false where it is not on the disk then.
  bool wait_for(uint64_t place, double seconds);
  /// Throws FileError where a write has failed.
  void require_working() const;

 private:
  using Item = std::variant<ServerEvent, State>;
  uint64_t put(Item item);
  void run();
  void write(const std::deque<Item>& items);
  void on_the_disk(size_t items);
  void begin(const State& state);
  void sync();
  void remove_old() const;

  ServerFileNames names_;
  JournalOptions options_;
  DurableMarkFile mark_;
  std::optional<EventLogWriter> log_;

  mutable std::mutex mutex_;
  std::condition_variable asked_, answered_;
  std::deque<Item> items_;
  uint64_t put_ = 0, done_ = 0;
  std::optional<std::string> failure_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace muster
