#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "muster/flat/state.h"
#include "muster/rendezvous/identity.h"
#include "muster/serve/journal.h"
#include "muster/serve/server_history.h"
#include "muster/serve/snapshot_writer.h"

namespace muster::inline serve {

/// What a server keeps on the disk so that nothing acknowledged is ever lost: FOLDER/snapshot-00000003, its
/// whole state; FOLDER/events-00000003, all that happened since; FOLDER/durable, how far they reached at the
/// latest acknowledgement. The two newest whole snapshots stay, and all journals from the older one on. State
/// now = the newest whole snapshot, then the events behind it. docs/checkpoint_format.md has the bytes.
class ServerFiles {
 public:
  /// `keep_all`: snapshots and events that are no longer needed stay, for a replay from the beginning.
  /// REQUIRES: the folder exists, and no other process works in it.
  ServerFiles(std::string folder, const Identity& identity, bool keep_all,
              Recovery recovery = Recovery::strict);

  /// What is there; null in a new folder. Throws as ServerHistory::open.
  std::unique_ptr<ServerHistory> history() const;
  /// Begins a journal and its snapshot behind `history` (null: the first ones), with this state, after so
  /// many counted contributions. Throws FileError: then what was there is still all there.
  void begin(const ServerHistory* history, const State& state, int64_t contributions);
  /// REQUIRES: begin().
  Journal& journal() const { return *journal_; }
  SnapshotWriter& snapshots() const { return *snapshots_; }

 private:
  ServerFileNames names_;
  std::string identity_;
  bool keep_all_;
  Recovery recovery_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<SnapshotWriter> snapshots_;  // waits for the journal
};

}  // namespace muster::inline serve
