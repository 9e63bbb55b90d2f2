#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "muster/base/format.h"
#include "muster/serve/coordinator.h"

namespace muster::inline serve {

namespace {

double time_of(const ServerEvent& event) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.time; })
          return one.time;
        else
          return one.completed;
      },
      event);
}

}  // namespace

// Gives the event to the journal and to the applier within the lock, so that both see the same order.
Settled Coordinator::decide(const ServerEvent& event, double norm) {
  const bool had_ended = has_ended();
  std::optional<ArrivalLine> ended = ended_round(event);
  const EventOutcome outcome = server_.decisions().apply(event, norm);
  const auto start = outcome.assignments.empty() ? nullptr : std::make_shared<StartingPoint>();
  Settled place;
  place.in_journal = files_.journal().append(event);
  place.in_vectors = applier_->apply(event, outcome, start);
  if (has_ended() && !had_ended) end_ = place.in_journal;
  note(event, outcome, std::move(ended), place.in_journal);
  give_start(outcome, start, place);
  return place;
}

void Coordinator::note(const ServerEvent& event, const EventOutcome& outcome,
                       std::optional<ArrivalLine> ended, uint64_t place) {
  last_time_ = std::max(last_time_, time_of(event));
  if (const auto* joined = std::get_if<WorkerJoined>(&event)) {
    members_[joined->worker] = {
        .session = joined->session, .heard = std::chrono::steady_clock::now(), .ready = last_time_};
  } else if (const auto* left = std::get_if<WorkerLeft>(&event)) {
    members_.erase(left->worker);
  } else if (const auto* counted = std::get_if<Contribution>(&event)) {
    Member& one = members_[counted->worker];
    ++one.counted;
    one.last_staleness = outcome.staleness;
    one.last_loss = counted->loss;
    one.start = nullptr;
    warn_of_norm(*counted, outcome, place);
  } else if (const auto* dropped = std::get_if<ContributionDropped>(&event)) {
    Member& one = members_[dropped->worker];
    ++one.dropped;
    one.start = nullptr;
  }
  if (!ended) return;
  ended->staleness = outcome.staleness;
  ended->verdict = word_of(outcome.verdict);
  members_[ended->worker].ready = ended->arrived;
  ended_rounds_.push_back({place, *std::move(ended)});
}

void Coordinator::give_start(const EventOutcome& outcome, const std::shared_ptr<StartingPoint>& start,
                             const Settled& place) {
  for (const Assignment& assignment : outcome.assignments) {
    Member& one = members_[assignment.worker];
    one.start = start;
    one.given = place;
    one.started = one.received = last_time_;
    one.steps_done = 0;
  }
}

void Coordinator::warn_of_norm(const Contribution& contribution, const EventOutcome& outcome,
                               uint64_t place) {
  if (!outcome.median) return;
  messages_.push_back(
      {place,
       fmt::format("warning: round {} of worker {} has norm {}, {} times the running median {}; it was "
                   "counted (async.outlier "
                   "= refuse would drop it)",
                   contribution.sequence, contribution.worker, format_number(outcome.norm, 4),
                   format_number(outcome.norm / *outcome.median, 3), format_number(*outcome.median, 4))});
}

// Before the event is applied: staleness and verdict are missing.
std::optional<ArrivalLine> Coordinator::ended_round(const ServerEvent& event) const {
  const auto line_of = [this](const auto& ending) -> std::optional<ArrivalLine> {
    const Assignment* const open = decisions().dispatcher().open_assignment(ending.worker);
    const Member* const one = members_.of(ending.worker);
    if (open == nullptr || one == nullptr) return std::nullopt;
    const double received = std::min(one->received, ending.completed);
    return ArrivalLine{.worker = ending.worker,
                       .shard = open->shard,
                       .steps = ending.local_steps,
                       .version = open->version,
                       .ready = std::min(one->ready, one->started),
                       .start = std::min(one->started, received),
                       .received = received,
                       .computed = std::min(received + ending.compute_seconds, ending.completed),
                       .arrived = ending.completed,
                       .loss = std::nullopt};
  };
  if (const auto* dropped = std::get_if<ContributionDropped>(&event)) return line_of(*dropped);
  const auto* const counted = std::get_if<Contribution>(&event);
  if (counted == nullptr) return std::nullopt;
  std::optional<ArrivalLine> line = line_of(*counted);
  if (line) line->loss = counted->loss;
  return line;
}

// A grace window closes when all are ready, its time has passed, or no worker is expected before it has.
bool Coordinator::release_due() const {
  const Dispatcher& dispatcher = decisions().dispatcher();
  const auto closes = dispatcher.grace_closes();
  if (has_ended() || !closes) return false;
  if (decisions().counts().releases == 0 && dispatcher.workers_present() < options_.start_with) return false;
  return dispatcher.everybody_ready() || now() >= *closes || !somebody_expected_by(*closes);
}

bool Coordinator::somebody_expected_by(double time) const {
  for (const auto& [worker, one] : members_.all()) {
    const Assignment* const open = decisions().dispatcher().open_assignment(worker);
    const auto seconds = decisions().dispatcher().seconds_per_step(worker);
    if (open == nullptr) continue;
    if (!seconds || one.started + *seconds * static_cast<double>(open->local_steps) <= time) return true;
  }
  return false;
}

void Coordinator::release_if_due() {
  if (!release_due()) return;
  decide(WorkersReleased{now()});
  changed_.notify_all();
}

}  // namespace muster::inline serve
