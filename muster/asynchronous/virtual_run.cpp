#include "muster/asynchronous/virtual_run.h"

#include <utility>

#include "muster/base/error.h"

namespace muster::inline asynchronous {

VirtualRun::VirtualRun(VirtualRunParts parts, const VirtualRunOptions& options)
    : parts_(std::move(parts)),
      options_(options),
      tally_(parts_.clock.workers(), options.message_bytes, options.evaluate_every),
      rounds_(parts_.workers.size()),
      ready_since_(parts_.workers.size(), 0),
      waited_from_(parts_.workers.size(), 0) {
  invariant(static_cast<int64_t>(parts_.workers.size()) == parts_.clock.workers(),
            "a simulated run has one worker for each of the clock's");
}

std::optional<VirtualArrival> VirtualRun::advance() {
  while (tally_.local_steps() < options_.total_steps) {
    const VirtualEvent event = parts_.clock.next(parts_.server.dispatcher());
    switch (event.kind) {
      case VirtualEvent::Kind::joined:
        join(event);
        break;
      case VirtualEvent::Kind::left:
        leave(event);
        break;
      case VirtualEvent::Kind::released:
        release(event.time);
        break;
      case VirtualEvent::Kind::arrived:
        return arrive(event);
      case VirtualEvent::Kind::ended:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

EventOutcome VirtualRun::apply(const ServerEvent& event) {
  if (parts_.record) parts_.record->append(event);
  return parts_.server.apply(event);
}

// A worker that comes back has lost its optimizer's state.
void VirtualRun::join(const VirtualEvent& event) {
  const auto worker = static_cast<size_t>(event.worker);
  WorkerJoined joined{event.worker, event.time, std::nullopt};
  if (options_.speeds_known) joined.seconds_per_step = parts_.clock.seconds_per_step(event.worker);
  apply(joined);
  parts_.workers[worker]->reset_optimizer();
  ready_since_[worker] = event.time;
}

void VirtualRun::leave(const VirtualEvent& event) {
  tally_.left(event.worker, parts_.server.dispatcher().open_assignment(event.worker) != nullptr);
  rounds_[static_cast<size_t>(event.worker)] = {};
  apply(WorkerLeft{event.worker, event.time});
}

void VirtualRun::release(double time) {
  const EventOutcome outcome = apply(WorkersReleased{time});
  for (const Assignment& assignment : outcome.assignments) {
    const auto worker = static_cast<size_t>(assignment.worker);
    parts_.clock.start(assignment);
    rounds_[worker] = {outcome.start, std::nullopt};
    waited_from_[worker] = ready_since_[worker];
    tally_.started(assignment.worker, ready_since_[worker], time);
  }
}

VirtualArrival VirtualRun::arrive(const VirtualEvent& event) {
  const auto worker = static_cast<size_t>(event.worker);
  VirtualArrival arrival;
  arrival.assignment = *parts_.server.dispatcher().open_assignment(event.worker);
  arrival.times = parts_.clock.round_of(event.worker);
  arrival.ready_since = waited_from_[worker];
  work_out(worker);
  Contribution contribution = std::move(*rounds_[worker].contribution);
  rounds_[worker] = {};
  contribution.completed = event.time;
  contribution.compute_seconds = arrival.times.computed - arrival.times.received;
  const Verdict verdict = parts_.server.judge(contribution);
  invariant(ends_round(verdict), "a simulated contribution was turned away");
  const EventOutcome outcome = apply(AsyncServer::event_of(contribution, verdict));
  arrival.verdict = outcome.verdict;
  arrival.staleness = outcome.staleness;
  arrival.far_above_median = outcome.median.has_value();
  arrival.loss = contribution.loss;
  arrival.evaluations_due = tally_.arrived(arrival.assignment, arrival.times, arrival.staleness,
                                           arrival.verdict == Verdict::counted);
  ready_since_[worker] = event.time;
  return arrival;
}

// With several threads all rounds under way are computed together: none depends on another.
void VirtualRun::work_out(size_t wanted) {
  if (rounds_[wanted].contribution) return;
  std::vector<size_t> waiting;
  for (size_t worker = 0; worker < rounds_.size(); ++worker)
    if (worker == wanted ||
        (parts_.pool.size() > 1 && rounds_[worker].start.defined() && !rounds_[worker].contribution))
      waiting.push_back(worker);
  parts_.pool.run(static_cast<int64_t>(waiting.size()), [&](int64_t i) {
    const size_t worker = waiting[static_cast<size_t>(i)];
    const Assignment& assignment = *parts_.server.dispatcher().open_assignment(static_cast<int64_t>(worker));
    rounds_[worker].contribution = parts_.workers[worker]->run(assignment, rounds_[worker].start);
  });
}

}  // namespace muster::inline asynchronous
