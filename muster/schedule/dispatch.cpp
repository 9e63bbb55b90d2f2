#include "muster/schedule/dispatch.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline schedule {

void DispatchOptions::validate() const {
  local_steps.validate();
  sampling.validate();
  if (!(grace >= 0)) throw OptionError("async.grace", format_number(grace), "must be 0 or a number above it");
}

Dispatcher::Dispatcher(const DispatchOptions& options) : options_(options) {
  options_.validate();
  sampling_ = make_shard_sampling(options_.sampling);
  shard_steps_.assign(options_.sampling.sizes.size(), 0);
}

Dispatcher::Worker& Dispatcher::member(int64_t worker) {
  const auto found = workers_.find(worker);
  invariant(found != workers_.end() && found->second.present, "a worker that is not present");
  return found->second;
}

bool Dispatcher::present(int64_t worker) const {
  const auto found = workers_.find(worker);
  return found != workers_.end() && found->second.present;
}

void Dispatcher::make_ready(int64_t worker, double time) {
  if (!window_opened_) window_opened_ = time;
  ready_.push_back(worker);
}

void Dispatcher::join(int64_t worker, double time, std::optional<double> seconds_per_step) {
  invariant(worker >= 0 && !present(worker), "a worker joins once");
  Worker& joined = workers_[worker];
  joined.present = true;
  joined.has_open = false;
  joined.speed_given = seconds_per_step.has_value();
  if (seconds_per_step) speeds_.set(worker, *seconds_per_step);
  ++present_;
  make_ready(worker, time);
}

void Dispatcher::leave(int64_t worker) {
  Worker& leaving = member(worker);
  leaving.present = leaving.has_open = false;
  speeds_.forget(worker);
  --present_;
  std::erase(ready_, worker);
  if (ready_.empty()) window_opened_.reset();
}

void Dispatcher::arrive(int64_t worker, double time, int64_t local_steps, double compute_seconds,
                        bool counts) {
  Worker& arrived = member(worker);
  invariant(arrived.has_open && local_steps >= 1 && local_steps <= arrived.open.local_steps,
            "a worker arrives at the end of its open round");
  arrived.has_open = false;
  if (counts) local_steps_done_ += local_steps;
  if (!arrived.speed_given && compute_seconds > 0 && std::isfinite(compute_seconds))
    speeds_.set(worker, compute_seconds / static_cast<double>(local_steps));
  make_ready(worker, time);
}

std::optional<double> Dispatcher::grace_closes() const {
  if (!window_opened_) return std::nullopt;
  return *window_opened_ + options_.grace;
}

std::vector<Assignment> Dispatcher::release(int64_t version) {
  std::vector<Assignment> assignments;
  assignments.reserve(ready_.size());
  for (const int64_t number : ready_) {
    Worker& worker = member(number);
    RandomStream stream({.seed = options_.seed,
                         .purpose = Purpose::shard_choice,
                         .a = static_cast<uint64_t>(choices_++),
                         .b = 0});
    const int64_t steps = local_steps_of(number);
    const int64_t shard = sampling_->choose(number, steps, stream);
    int64_t& clock = shard_steps_[static_cast<size_t>(shard)];
    worker.open = {number, shard, steps, clock, version, worker.rounds++};
    worker.has_open = true;
    clock += steps;
    assignments.push_back(worker.open);
  }
  ready_.clear();
  window_opened_.reset();
  return assignments;
}

const Assignment* Dispatcher::open_assignment(int64_t worker) const {
  const auto found = workers_.find(worker);
  return found != workers_.end() && found->second.has_open ? &found->second.open : nullptr;
}

int64_t Dispatcher::rounds_given(int64_t worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? 0 : found->second.rounds;
}

std::vector<int64_t> Dispatcher::members() const {
  std::vector<int64_t> numbers;
  for (const auto& [number, worker] : workers_)
    if (worker.present) numbers.push_back(number);
  return numbers;
}

int64_t Dispatcher::local_steps_of(int64_t worker) const {
  const LocalStepsOptions& steps = options_.local_steps;
  const auto own = speeds_.of(worker);
  if (!steps.dynamic || !own) return steps.local_steps;
  return dynamic_local_updates(*own, *speeds_.reference(steps.speed_quantile), steps.local_steps);
}

std::optional<double> Dispatcher::seconds_per_step(int64_t worker) const { return speeds_.of(worker); }

namespace {

Numbers numbers_of(const Assignment& assignment) {
  Numbers numbers;
  numbers.set("shard", assignment.shard);
  numbers.set("local_steps", assignment.local_steps);
  numbers.set("first_step", assignment.first_step);
  numbers.set("version", assignment.version);
  numbers.set("sequence", assignment.sequence);
  return numbers;
}

Assignment assignment_of(int64_t worker, const Numbers& numbers) {
  return {worker,
          numbers.integer("shard"),
          numbers.integer("local_steps"),
          numbers.integer("first_step"),
          numbers.integer("version"),
          numbers.integer("sequence")};
}

}  // namespace

Numbers Dispatcher::state() const {
  Numbers numbers;
  numbers.set("choices", choices_);
  numbers.set("local_steps_done", local_steps_done_);
  if (window_opened_) numbers.set("window_opened", *window_opened_);
  numbers.insert("sampling", sampling_->state());
  for (size_t i = 0; i < shard_steps_.size(); ++i)
    numbers.set("shard_steps" + std::to_string(i), shard_steps_[i]);
  numbers.set("ready", static_cast<int64_t>(ready_.size()));
  for (size_t i = 0; i < ready_.size(); ++i) numbers.set("ready" + std::to_string(i), ready_[i]);
  numbers.set("workers", static_cast<int64_t>(workers_.size()));
  int64_t place = 0;
  for (const auto& [number, worker] : workers_) {
    Numbers one;
    one.set("number", number);
    one.set("present", int64_t{worker.present});
    one.set("speed_given", int64_t{worker.speed_given});
    one.set("rounds", worker.rounds);
    if (const auto speed = speeds_.of(number)) one.set("seconds_per_step", *speed);
    if (worker.has_open) one.insert("open", numbers_of(worker.open));
    numbers.insert("worker" + std::to_string(place++), one);
  }
  return numbers;
}

void Dispatcher::restore(const Numbers& numbers) {
  choices_ = numbers.integer("choices");
  local_steps_done_ = numbers.integer("local_steps_done");
  window_opened_.reset();
  if (numbers.has("window_opened")) window_opened_ = numbers.real("window_opened");
  sampling_->restore(numbers.part_of("sampling"));
  for (size_t i = 0; i < shard_steps_.size(); ++i)
    shard_steps_[i] = numbers.integer("shard_steps" + std::to_string(i));
  ready_.assign(static_cast<size_t>(numbers.integer("ready")), 0);
  for (size_t i = 0; i < ready_.size(); ++i) ready_[i] = numbers.integer("ready" + std::to_string(i));
  workers_.clear();
  speeds_ = {};
  present_ = 0;
  const int64_t count = numbers.integer("workers");
  for (int64_t place = 0; place < count; ++place) {
    const Numbers one = numbers.part_of("worker" + std::to_string(place));
    const int64_t number = one.integer("number");
    Worker& worker = workers_[number];
    worker.present = one.integer("present") != 0;
    worker.speed_given = one.integer("speed_given") != 0;
    worker.rounds = one.integer("rounds");
    if (one.has("seconds_per_step")) speeds_.set(number, one.real("seconds_per_step"));
    worker.has_open = one.has("open.shard");
    if (worker.has_open) worker.open = assignment_of(number, one.part_of("open"));
    present_ += worker.present ? 1 : 0;
  }
}

}  // namespace muster::inline schedule
