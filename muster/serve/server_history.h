#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/asynchronous/event_log.h"
#include "muster/flat/state.h"
#include "muster/serve/durable_mark.h"
#include "muster/serve/server_file_names.h"

namespace muster::inline serve {

enum class Recovery {
  strict,       ///< damage that costs anything acknowledged is an error
  drop_damaged  ///< events with such damage are dropped and reported
};

/// What a server's files hold: the newest snapshot that is whole, and all events behind it, over as many
/// journals as there are. All numbers of events below the mark's (or a later journal's first) were promised.
/// A damaged snapshot costs nothing while an older one is whole with the journals from it on.
class ServerHistory {
 public:
  /// Nothing where no server has begun here. Throws FileError; CheckpointError where no snapshot is whole, or
  /// the files are another run's; DataError where they are of another format version.
  static std::unique_ptr<ServerHistory> open(const ServerFileNames& names, const std::string& identity,
                                             Recovery recovery);

  /// The same from the first snapshot on, where all were kept. Throws CheckpointError where they were not.
  static std::unique_ptr<ServerHistory> from_beginning(const ServerFileNames& names,
                                                       const std::string& identity, Recovery recovery);

  const State& snapshot() const { return snapshot_; }
  /// Throws CheckpointError for damage, naming file and event, and what `drop_damaged` would drop; FileError.
  std::optional<ServerEvent> next();

  // At the end.
  uint64_t number() const { return number_; }  ///< of the next event: above all that were promised
  int64_t base() const { return base_; }       ///< the snapshot's number
  int64_t newest() const { return newest_; }   ///< of the files'
  const std::optional<DurableMark>& mark() const { return mark_; }
  const std::vector<LostEvent>& lost() const { return lost_; }
  /// What was found damaged, and what became of it: a line each.
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  ServerHistory(const ServerFileNames& names, std::string identity, Recovery recovery)
      : names_(names), identity_(std::move(identity)), recovery_(recovery) {}
  bool find_snapshot();
  void take(int64_t number);
  void find_mark();
  std::optional<ServerEvent> read();
  bool open_journal();
  std::optional<uint64_t> promised_of(int64_t journal) const;
  void close_journal();
  void end_at_gap(const std::string& what);
  void lose_all_behind();
  void tell_lost();
  std::string would_drop() const;

  ServerFileNames names_;
  std::string identity_;
  Recovery recovery_;
  State snapshot_;
  int64_t base_ = -1, newest_ = -1, journal_ = -1;
  uint64_t number_ = 0;
  int64_t contributions_ = 0;  // counted in what was read so far
  std::optional<DurableMark> mark_;
  std::optional<uint64_t> promised_;  // of the journal that is open
  std::unique_ptr<EventLogReader> reader_;
  std::vector<LostEvent> lost_;
  std::vector<std::string> messages_;
  bool ended_ = false;
};

/// "2 acknowledged contributions (round 4 of worker 0, round 7 of worker 1) and 3 other events"; where no
/// contribution can be named any more, "5 events".
std::string lost_text(const std::vector<LostEvent>& lost);

}  // namespace muster::inline serve
