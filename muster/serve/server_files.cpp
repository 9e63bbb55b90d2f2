#include "muster/serve/server_files.h"

#include <utility>

namespace muster::inline serve {

ServerFiles::ServerFiles(std::string folder, const Identity& identity, bool keep_all, Recovery recovery)
    : names_(std::move(folder)), identity_(to_text(identity)), keep_all_(keep_all), recovery_(recovery) {}

std::unique_ptr<ServerHistory> ServerFiles::history() const {
  return ServerHistory::open(names_, identity_, recovery_);
}

void ServerFiles::begin(const ServerHistory* history, const State& state, int64_t contributions) {
  JournalOptions options{.identity = identity_, .contributions = contributions};
  SnapshotWriter::Options keeping{.keep_all = keep_all_};
  if (history != nullptr) {
    options.number = history->newest() + 1;
    options.events = history->number();
    keeping.keep_from = history->base();
  }
  journal_ = std::make_unique<Journal>(names_, std::move(options));
  snapshots_ = std::make_unique<SnapshotWriter>(names_, keeping, *journal_, state);
}

}  // namespace muster::inline serve
