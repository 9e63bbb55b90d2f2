#include "muster/plan/run_time.h"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::inline plan {

namespace {

/// Adds `number` meetings, each of which overlaps up to `cover` seconds with steps.
void add_meetings(RunTime& time, const MeetingTime& meeting, double number, double cover) {
  const double all = meeting.total();
  const double shown = all > 0 ? std::max(0.0, all - cover) / all : 0;
  time.fixed += number * meeting.fixed * shown;
  time.latency += number * meeting.latency * shown;
  time.bandwidth += number * meeting.bandwidth * shown;
  time.hidden += number * all * (1 - shown);
}

}  // namespace

std::string_view name_of(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::compute:
      return "compute";
    case Bottleneck::stragglers:
      return "stragglers";
    case Bottleneck::latency:
      return "latency";
    case Bottleneck::bandwidth:
      return "bandwidth";
    case Bottleneck::meetings:
      return "meetings";
    case Bottleneck::failures:
      return "failures";
  }
  return "";
}

Bottleneck RunTime::bottleneck() const {
  const std::array<std::pair<double, Bottleneck>, 6> parts = {{{compute, Bottleneck::compute},
                                                               {waiting, Bottleneck::stragglers},
                                                               {latency, Bottleneck::latency},
                                                               {bandwidth, Bottleneck::bandwidth},
                                                               {fixed, Bottleneck::meetings},
                                                               {failures, Bottleneck::failures}}};
  return std::max_element(parts.begin(), parts.end(),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

RunTime predict_run(const ScheduleWalk& walk, const RunCosts& costs, RoundMaximum& maximum, double part) {
  RunTime time;
  const double step = costs.step.seconds * costs.step.mean_slowness(costs.group.workers());
  time.compute = part * static_cast<double>(walk.steps) * step;
  time.other = costs.other_seconds;
  const double gradient_rounds = part * static_cast<double>(walk.gradient_rounds);
  double rounds_seconds = gradient_rounds > 0 ? gradient_rounds * maximum.seconds(1) : 0;
  const MeetingTime gradients = meeting_time(costs.meeting, costs.group, costs.message_bytes, true);
  add_meetings(time, gradients, gradient_rounds, 0);
  const MeetingTime parameters = meeting_time(costs.meeting, costs.group, costs.message_bytes, false);
  for (const RoundCount& count : walk.rounds) {
    const double round = maximum.seconds(count.period);
    const double number = part * static_cast<double>(count.rounds);
    rounds_seconds += number * round;
    const int64_t steps = std::min(costs.delay.value_or(count.period), count.period);
    const double cover =
        costs.delayed ? round * static_cast<double>(steps) / static_cast<double>(count.period) : 0;
    add_meetings(time, parameters, number, cover);
  }
  // A difference of two nearly equal sums that is below their rounding error counts as zero.
  constexpr double rounding = 1e-9;
  const double waiting = rounds_seconds - time.compute;
  time.waiting = waiting > rounding * time.compute ? waiting : 0;
  FailureOptions failures = costs.failures;
  const double undisturbed = time.compute + time.waiting + time.communication() + time.other;
  if (failures.kept_every == 0) {
    const double kept_states =
        part * (costs.kept_steps > 0 ? static_cast<double>(walk.steps) / static_cast<double>(costs.kept_steps)
                                     : static_cast<double>(walk.meetings()));
    failures.kept_every = undisturbed / kept_states;
  }
  time.failures = failure_seconds(failures, static_cast<double>(costs.group.workers()), undisturbed);
  return time;
}

}  // namespace muster::inline plan
