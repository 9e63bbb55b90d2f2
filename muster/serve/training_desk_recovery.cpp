#include <fmt/format.h>

#include <string>

#include "muster/base/error.h"
#include "muster/flat/vector.h"
#include "muster/serve/training_desk.h"

namespace muster {

namespace {

std::string session_key(int64_t worker) { return "session." + std::to_string(worker); }

}  // namespace

// What the newest whole snapshot holds, then the events behind it, through the same apply() as when they
// happened; and from there on a new snapshot and a new journal.
void TrainingDesk::recover() {
  const auto history = files_.history();
  if (history) {
    restore(history->snapshot());
    while (const auto event = history->next()) try {
        apply(*event);
      } catch (const DataError& problem) {
        throw CheckpointError(
            fmt::format("event {} of the journal does not fit: {}", history->number() - 1, problem.what()));
      }
    messages_ = history->messages();
    const auto& mark = history->mark();
    if (!history->lost().empty() && mark)
      messages_.push_back(fmt::format("of {} contributions that were acknowledged, {} are there",
                                      mark->contributions, server_.version()));
  }
  for (auto& [worker, one] : members_) one.heard = std::chrono::steady_clock::now();
  versions_found_ = server_.version();
  files_.begin(history.get(), state(), server_.version());
  time_before_ = last_time_;
  watch_ = {};
}

void TrainingDesk::restore(const State& snapshot) {
  server_.restore(snapshot.part_of("server"));
  last_time_ = snapshot.numbers.real("time");
  for (const int64_t worker : server_.dispatcher().members()) {
    Member& one = members_[worker];
    one.session = snapshot.numbers.integer(session_key(worker));
    one.ready = one.started = one.received = last_time_;
  }
}

State TrainingDesk::state() const {
  State state;
  state.insert("server", server_.state());
  for (auto& [name, tensor] : state.tensors) tensor.values = tensor.values.copy();
  state.numbers.set("time", last_time_);
  for (const auto& [worker, one] : members_) state.numbers.set(session_key(worker), one.session);
  return state;
}

void TrainingDesk::snapshot_if_due() {
  const bool ended = has_ended();
  if (!ended && (++since_snapshot_ < options_.snapshot_every || !files_.journal().done(snapshot_))) return;
  since_snapshot_ = 0;
  snapshot_ = files_.journal().snapshot(state());
}

void TrainingDesk::save() {
  uint64_t place = 0;
  {
    const std::lock_guard lock(mutex_);
    place = snapshot_ = files_.journal().snapshot(state());
  }
  files_.journal().wait(place);
}

}  // namespace muster
