#include "muster/plan/event_simulation.h"

#include <optional>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline plan {

EventSimulation::EventSimulation(const SimulationOptions& options, std::vector<SpeedCurve> speeds)
    : options_(options),
      dispatcher_(options.dispatch),
      weight_(options.weight),
      clock_(std::move(speeds), options.outages, options.link),
      tally_(clock_.workers(), options.link.message_bytes, options.evaluate_every),
      ready_since_(static_cast<size_t>(clock_.workers()), 0),
      waited_from_(ready_since_) {}

bool EventSimulation::advance() {
  while (tally_.local_steps() < options_.total_steps) {
    const VirtualEvent event = clock_.next(dispatcher_);
    const auto worker = static_cast<size_t>(event.worker);
    switch (event.kind) {
      case VirtualEvent::Kind::joined: {
        const double seconds = clock_.seconds_per_step(event.worker);
        dispatcher_.join(event.worker, event.time,
                         options_.speeds_known ? std::optional(seconds) : std::nullopt);
        ready_since_[worker] = event.time;
        break;
      }
      case VirtualEvent::Kind::left:
        tally_.left(event.worker, dispatcher_.open_assignment(event.worker) != nullptr);
        dispatcher_.leave(event.worker);
        break;
      case VirtualEvent::Kind::released:
        release();
        break;
      case VirtualEvent::Kind::arrived: {
        newest_.assignment = *dispatcher_.open_assignment(event.worker);
        newest_.times = clock_.round_of(event.worker);
        newest_.ready_since = waited_from_[worker];
        newest_.staleness = tally_.versions() - newest_.assignment.version;
        newest_.applied = weight_.of(newest_.staleness) > 0;
        dispatcher_.arrive(event.worker, event.time, newest_.assignment.local_steps,
                           newest_.times.computed - newest_.times.received);
        tally_.arrived(newest_.assignment, newest_.times, newest_.staleness, newest_.applied);
        ready_since_[worker] = event.time;
        return true;
      }
      case VirtualEvent::Kind::ended:
        return false;
    }
  }
  return false;
}

void EventSimulation::release() {
  for (const Assignment& assignment : dispatcher_.release(tally_.versions())) {
    const auto worker = static_cast<size_t>(assignment.worker);
    clock_.start(assignment);
    waited_from_[worker] = ready_since_[worker];
    tally_.started(assignment.worker, ready_since_[worker], clock_.now());
  }
}

}  // namespace muster::inline plan
