#include "muster/serve/snapshot_writer.h"

#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include "muster/base/file.h"
#include "muster/rendezvous/quiet_thread.h"
#include "muster/serve/snapshot.h"

namespace muster::inline serve {

SnapshotWriter::SnapshotWriter(const ServerFileNames& names, const Options& options, const Journal& journal,
                               const State& first)
    : names_(names), options_(options), journal_(journal) {
  State state = first;
  write_now(journal.beginning(), state);
  thread_ = quiet_thread([this] { run(); });
}

SnapshotWriter::~SnapshotWriter() {
  work_.end();
  thread_.join();
}

void SnapshotWriter::write(const Rotation& rotation, State state) {
  work_.put({rotation, std::move(state)});
  work_.wake();
}

void SnapshotWriter::run() {
  try {
    while (true) {
      auto items = work_.take();
      if (items.empty()) return;
      for (Item& item : items) {
        journal_.wait(item.rotation.place);
        sync_to_disk(names_.mark());  // it names the new file: older ones may go
        write_now(item.rotation, item.state);
        item.state = {};
        work_.did(1);
      }
    }
  } catch (const std::exception& problem) {
    work_.fail(problem.what());
  }
}

void SnapshotWriter::write_now(const Rotation& rotation, State& state) {
  state.numbers.set("events", static_cast<int64_t>(rotation.first_event));
  write_snapshot(names_.snapshot(rotation.number), state);
  if (!options_.keep_all) remove_old();
  options_.keep_from = rotation.number;
}

void SnapshotWriter::remove_old() const {
  const auto remove = [&](const std::vector<int64_t>& numbers, auto path_of) {
    for (const int64_t number : numbers) {
      std::error_code ignored;  // a file that stays only takes space
      if (number < options_.keep_from) std::filesystem::remove(path_of(number), ignored);
    }
  };
  remove(names_.snapshots(), [&](int64_t number) { return names_.snapshot(number); });
  remove(names_.journals(), [&](int64_t number) { return names_.journal(number); });
}

}  // namespace muster::inline serve
