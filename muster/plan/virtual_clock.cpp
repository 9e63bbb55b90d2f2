#include "muster/plan/virtual_clock.h"

#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline plan {

bool VirtualClock::Entry::operator>(const Entry& other) const {
  return std::tie(time, kind, worker) > std::tie(other.time, other.kind, other.worker);
}

VirtualClock::VirtualClock(std::vector<SpeedCurve> speeds, const std::vector<Outage>& outages,
                           const VirtualLinkOptions& link)
    : speeds_(std::move(speeds)), link_(link) {
  rounds_.resize(speeds_.size());
  round_numbers_.assign(speeds_.size(), 0);
  for (int64_t worker = 0; worker < workers(); ++worker)
    queue_.push({0, VirtualEvent::Kind::joined, worker, 0});
  for (const Outage& outage : outages) {
    queue_.push({outage.from, VirtualEvent::Kind::left, outage.worker, 0});
    if (std::isfinite(outage.until))
      queue_.push({outage.until, VirtualEvent::Kind::joined, outage.worker, 0});
  }
}

bool VirtualClock::outdated(const Entry& entry) const {
  return entry.kind == VirtualEvent::Kind::arrived &&
         entry.round != round_numbers_[static_cast<size_t>(entry.worker)];
}

VirtualEvent VirtualClock::next(const Dispatcher& dispatcher) {
  while (!queue_.empty() && outdated(queue_.top())) queue_.pop();
  if (const auto closes = dispatcher.grace_closes()) {
    const bool nobody_in_time = queue_.empty() || queue_.top().time > *closes;
    const bool nobody_under_way =
        dispatcher.everybody_ready() && (queue_.empty() || queue_.top().time > now_);
    if (nobody_in_time || nobody_under_way) return {VirtualEvent::Kind::released, now_, 0};
  }
  if (queue_.empty()) return {VirtualEvent::Kind::ended, now_, 0};
  const Entry entry = queue_.top();
  queue_.pop();
  now_ = entry.time;
  if (entry.kind == VirtualEvent::Kind::left) ++round_numbers_[static_cast<size_t>(entry.worker)];
  return {entry.kind, entry.time, entry.worker};
}

const RoundTimes& VirtualClock::start(const Assignment& assignment) {
  const auto worker = static_cast<size_t>(assignment.worker);
  invariant(worker < speeds_.size(), "an assignment of a worker that the clock does not know");
  RoundTimes& times = rounds_[worker];
  times.start = now_;
  times.received = now_ + link_.seconds();
  times.computed = speeds_[worker].end_of(assignment.local_steps, times.received);
  times.arrived = times.computed + link_.seconds();
  queue_.push({times.arrived, VirtualEvent::Kind::arrived, assignment.worker, ++round_numbers_[worker]});
  return times;
}

}  // namespace muster::inline plan
