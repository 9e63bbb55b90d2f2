#include "muster/plan/simulation_tally.h"

#include <algorithm>

namespace muster::inline plan {

namespace {

constexpr size_t longest_histogram = 1024;

}  // namespace

SimulationTally::SimulationTally(int64_t workers, double message_bytes, int64_t evaluate_every)
    : workers_(static_cast<size_t>(workers)),
      message_bytes_(message_bytes),
      evaluate_every_(evaluate_every) {}

int64_t SimulationTally::arrived(const Assignment& assignment, const RoundTimes& times, int64_t staleness,
                                 bool applied) {
  WorkerTally& worker = workers_.at(static_cast<size_t>(assignment.worker));
  ++worker.rounds;
  worker.local_steps += assignment.local_steps;
  worker.compute += times.computed - times.received;
  worker.send += (times.received - times.start) + (times.arrived - times.computed);
  ++arrivals_;
  bytes_received_ += message_bytes_;
  seconds_ = times.arrived;
  if (applied) {
    ++versions_;
    staleness_sum_ += staleness;
    staleness_max_ = std::max(staleness_max_, staleness);
    const auto place = std::min(static_cast<size_t>(staleness), longest_histogram - 1);
    if (staleness_.size() <= place) staleness_.resize(place + 1, 0);
    ++staleness_[place];
  }
  const int64_t before = local_steps_;
  local_steps_ += assignment.local_steps;
  if (evaluate_every_ == 0) return 0;
  const int64_t due = local_steps_ / evaluate_every_ - before / evaluate_every_;
  for (int64_t i = 0; i < due; ++i) evaluation_times_.push_back(times.arrived);
  return due;
}

void SimulationTally::left(int64_t worker, bool with_open_round) {
  if (with_open_round) ++workers_.at(static_cast<size_t>(worker)).rounds_lost;
}

void SimulationTally::started(int64_t worker, double ready_since, double now) {
  workers_.at(static_cast<size_t>(worker)).wait += now - ready_since;
  bytes_sent_ += message_bytes_;
}

double SimulationTally::staleness_mean() const {
  return versions_ == 0 ? 0 : static_cast<double>(staleness_sum_) / static_cast<double>(versions_);
}

double SimulationTally::utilisation() const {
  if (seconds_ <= 0) return 0;
  double compute = 0;
  for (const WorkerTally& worker : workers_) compute += worker.compute;
  return compute / (seconds_ * static_cast<double>(workers_.size()));
}

}  // namespace muster::inline plan
