#include "muster/app/launch/launch_outcome.h"

#include <algorithm>
#include <cmath>

#include "muster/app/processes/held_signals.h"

namespace muster::inline app {

namespace {

constexpr int without_result = 2;

}  // namespace

LaunchOutcome::LaunchOutcome(LaunchOutcomeOptions options)
    : options_(options), restarts_(static_cast<size_t>(options.ranks), 0) {}

LaunchOutcome::Next LaunchOutcome::ended(int rank, Ending ending) {
  if (result_.durable) return Next::go_on;
  if (ending.code == 0) {
    ended_well_ = ended_well_ || !result_.due;
    return Next::go_on;
  }
  if (stop_code_ || failure_) {
    unfinished_ = true;
    return Next::go_on;
  }
  const bool stopped_itself = !ending.by_signal && asks_to_stop(ending.code - 128);
  if (elastic() && stopped_itself) {
    stop_code_ = ending.code;
    unfinished_ = true;
    return Next::go_on;
  }
  if (result_.failed) {
    failure_ = ending.code;
    return Next::end_all;
  }
  auto& restarts = restarts_[static_cast<size_t>(rank)];
  if (elastic() && !closing() && restarts < options_.restarts) {
    ++restarts;
    return Next::start_again;
  }
  ++lost_;
  if (left() >= options_.min_workers) return Next::go_on;
  failure_ = ending.code;
  return Next::end_all;
}

void LaunchOutcome::stop_asked(int signal) {
  if (!stop_code_) stop_code_ = 128 + signal;
}

double LaunchOutcome::pause(int rank) const {
  constexpr double first = 0.5, longest = 8;
  return std::min(longest, first * std::exp2(std::max(0, restarts_of(rank) - 1)));
}

void LaunchOutcome::abandon() {
  if (!failure_) failure_ = without_result;
}

int LaunchOutcome::exit_code() const {
  if (result_.durable) return 0;
  if (failure_) return *failure_;
  if (stop_code_ && unfinished_) return *stop_code_;
  return result_.due ? without_result : 0;
}

}  // namespace muster::inline app
