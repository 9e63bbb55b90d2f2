#pragma once

#include <cstdint>
#include <thread>

#include "muster/flat/state.h"
#include "muster/serve/journal.h"
#include "muster/serve/ordered_work.h"
#include "muster/serve/server_file_names.h"

namespace muster::inline serve {

/// Writes a server's snapshots on a thread of its own, while events go on, and removes files that no recovery
/// needs any more: all before the newest whole snapshot but one. A snapshot is written after the journal's
/// file of the same number, so whoever finds it finds the events behind it too. After a failed write it
/// writes no more.
class SnapshotWriter {
 public:
  struct Options {
    bool keep_all = false;  ///< files that are no longer needed stay
    int64_t keep_from = 0;  ///< the newest older snapshot that is whole (as the first one: none)
  };
  /// Writes the first one, of the journal's first file; on the disk when it returns. Throws FileError. The
  /// journal must outlive it.
  SnapshotWriter(const ServerFileNames& names, const Options& options, const Journal& journal,
                 const State& first);
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;
  /// Writes what is left.
  ~SnapshotWriter();

  /// The state before the first event of that file: a copy of the caller's, freed when it is on the disk.
  void write(const Rotation& rotation, State state);
  /// Whether so many snapshots were written.
  bool done(uint64_t count) const { return work_.done(count); }
  /// Until so many are on the disk, or all that were given. Throw FileError where that failed.
  void wait(uint64_t count) const { work_.wait(count); }
  void wait() const { work_.wait(work_.last()); }
  /// Throws FileError where a write has failed.
  void require_working() const { work_.require_working(); }

 private:
  struct Item {
    Rotation rotation;
    State state;
  };
  void run();
  void write_now(const Rotation& rotation, State& state);
  void remove_old() const;

  ServerFileNames names_;
  Options options_;
  const Journal& journal_;
  OrderedWork<Item> work_;
  std::thread thread_;
};

}  // namespace muster::inline serve
