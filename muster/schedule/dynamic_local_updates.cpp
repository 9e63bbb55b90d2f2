#include "muster/schedule/dynamic_local_updates.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline schedule {

namespace {

constexpr double rounding = 1e-9;

}  // namespace

void LocalStepsOptions::validate() const {
  if (local_steps < 1)
    throw OptionError("async.local_steps", std::to_string(local_steps), "must be at least 1");
  if (!(speed_quantile > 0 && speed_quantile <= 1))
    throw OptionError("async.speed_quantile", format_number(speed_quantile), "must be > 0 and at most 1");
}

int64_t dynamic_local_updates(double seconds_per_step, double reference_seconds_per_step,
                              int64_t local_steps) {
  invariant(seconds_per_step > 0 && reference_seconds_per_step > 0 && local_steps >= 1,
            "local steps by speed need speeds above 0");
  const double exact = static_cast<double>(local_steps) * reference_seconds_per_step / seconds_per_step;
  const double floored = std::floor(exact * (1 + rounding));
  return std::max<int64_t>(1, static_cast<int64_t>(std::min(floored, static_cast<double>(local_steps))));
}

void Speeds::set(int64_t worker, double seconds_per_step) {
  invariant(std::isfinite(seconds_per_step) && seconds_per_step > 0, "a worker's speed is above 0");
  const auto known = by_worker_.find(worker);
  if (known != by_worker_.end() && known->second == seconds_per_step) return;
  forget(worker);
  by_worker_[worker] = seconds_per_step;
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), seconds_per_step), seconds_per_step);
}

void Speeds::forget(int64_t worker) {
  const auto known = by_worker_.find(worker);
  if (known == by_worker_.end()) return;
  sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), known->second));
  by_worker_.erase(known);
}

std::optional<double> Speeds::of(int64_t worker) const {
  const auto known = by_worker_.find(worker);
  return known == by_worker_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<double> Speeds::reference(double quantile) const {
  if (sorted_.empty()) return std::nullopt;
  const auto count = static_cast<double>(sorted_.size());
  const auto faster = static_cast<size_t>(std::floor((1 - quantile) * count + rounding));
  return sorted_[std::min(faster, sorted_.size() - 1)];
}

}  // namespace muster::inline schedule
