#include <fmt/format.h>

#include <chrono>
#include <string>

#include "muster/base/error.h"
#include "muster/serve/coordinator.h"

namespace muster::inline serve {

namespace {

std::string session_key(int64_t worker) { return "session." + std::to_string(worker); }

}  // namespace

// Restores the newest whole snapshot and applies the events behind it as they happened; then begins a new
// snapshot and a new journal.
void Coordinator::recover() {
  const auto history = files_.history();
  if (history) {
    restore(history->snapshot());
    while (const auto event = history->next()) try {
        replay(*event);
      } catch (const DataError& problem) {
        throw CheckpointError(
            fmt::format("event {} of the journal does not fit: {}", history->number() - 1, problem.what()));
      }
    for (const std::string& message : history->messages()) messages_.push_back({0, message});
    const auto& mark = history->mark();
    if (!history->lost().empty() && mark)
      messages_.push_back({0, fmt::format("of {} contributions that were acknowledged, {} are there",
                                          mark->contributions, server_.version())});
  }
  members_.all_heard(std::chrono::steady_clock::now());
  versions_found_ = server_.version();
  State whole;
  whole.numbers = numbers();
  whole.insert("server", server_.vectors().state());
  files_.begin(history.get(), whole, server_.version());
  time_before_ = last_time_;
  watch_ = {};
}

void Coordinator::replay(const ServerEvent& event) {
  std::optional<ArrivalLine> ended = ended_round(event);
  const EventOutcome outcome = server_.apply(event);
  note(event, outcome, std::move(ended), 0);
  const auto start = std::make_shared<StartingPoint>(StartingPoint{outcome.start});
  give_start(outcome, start, {});
}

void Coordinator::restore(const State& snapshot) {
  server_.restore(snapshot.part_of("server"));
  last_time_ = snapshot.numbers.real("time");
  for (const int64_t worker : decisions().dispatcher().members()) {
    Member& one = members_[worker];
    one.session = snapshot.numbers.integer(session_key(worker));
    one.ready = one.started = one.received = last_time_;
  }
}

Numbers Coordinator::numbers() const {
  Numbers numbers;
  numbers.insert("server", decisions().state());
  numbers.set("time", last_time_);
  for (const auto& [worker, one] : members_.all()) numbers.set(session_key(worker), one.session);
  return numbers;
}

void Coordinator::snapshot_if_due() {
  const bool due = ++since_snapshot_ >= options_.snapshot_every && files_.snapshots().done(snapshots_);
  if (due || has_ended()) order_snapshot();
}

// The vectors follow: the applier copies them when it has come to this place.
void Coordinator::order_snapshot() {
  since_snapshot_ = 0;
  ++snapshots_;
  applier_->snapshot(files_.journal().rotate(), numbers());
}

void Coordinator::save() {
  Lock lock(mutex_);
  require_working();
  order_snapshot();
  const uint64_t count = snapshots_;
  const Settled place = latest();
  files_.journal().wake();
  lock.unlock();
  applier_->wait(place.in_vectors);
  files_.snapshots().wait(count);
}

}  // namespace muster::inline serve
