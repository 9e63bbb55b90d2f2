#include "muster/theory/convex/convex_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"

namespace muster::inline theory {

namespace {

constexpr double between_looks = 1.15;
constexpr int64_t workers_looked_at = 4;

RoundStart round_start(const ConvexStepSize& step_size, int64_t step, int64_t steps) {
  RoundStart start;
  start.step = step;
  start.total_steps = steps;
  start.learning_rate = step_size.at(step);
  start.last_learning_rate = step > 0 ? step_size.at(step - 1) : 0;
  return start;
}

}  // namespace

ConvexRun::ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method,
                     int64_t steps, std::unique_ptr<SyncSchedule> schedule)
    : problem_(problem),
      optimum_(optimum),
      options_(method),
      steps_(steps),
      schedule_(std::move(schedule)),
      visited_(problem, method.batch) {
  if (schedule_->wants_seconds())
    throw OptionError("schedule.interval_seconds", "(given)",
                      "this study has no clock; use schedule.interval, in steps");
  auto made = std::make_unique<LocalSgd>(problem, method);
  synchronous_ = made.get();
  if (schedule_->wants_divergence()) synchronous_->measure_divergence();
  method_ = std::move(made);
  look();
}

ConvexRun::ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method,
                     int64_t steps, int64_t period)
    : problem_(problem),
      optimum_(optimum),
      options_(method),
      steps_(steps),
      method_(std::make_unique<LocalSgd>(problem, method)),
      period_(period),
      longest_period_(std::min(period, steps)),
      visited_(problem, method.batch) {
  look();
}

ConvexRun::ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method,
                     int64_t steps, DelayOptions delay)
    : problem_(problem),
      optimum_(optimum),
      options_(method),
      steps_(steps),
      period_(delay.period),
      longest_period_(std::min(delay.period, steps)),
      visited_(problem, method.batch) {
  delay.last_step = steps;
  auto made = std::make_unique<DelayedLocalSgd>(problem, method, delay);
  delayed_ = made.get();
  method_ = std::move(made);
  look();
}

bool ConvexRun::advance() {
  if (step() >= steps_) return false;
  const auto look_at = static_cast<int64_t>(std::ceil(std::min(next_look_, static_cast<double>(steps_))));
  const Stopwatch watch;
  train(std::min(std::max(look_at, step() + 1), steps_));
  training_seconds_ += watch.seconds();
  look();
  return step() < steps_;
}

void ConvexRun::train(int64_t until) {
  if (schedule_) {
    train_by_schedule(until);
  } else {
    train_by_period(until);
  }
}

// Trains up to the first meeting at or after step `until`; the last round may be shorter.
void ConvexRun::train_by_period(int64_t until) {
  const int64_t whole = (until - step() + period_ - 1) / period_;
  const int64_t fit = std::min(whole, (steps_ - step()) / period_);
  if (fit > 0) method_->advance(period_, fit);
  rounds_ += fit;
  if (fit < whole && step() < steps_) {
    method_->advance(steps_ - step(), 1);
    ++rounds_;
  }
  if (delayed_ != nullptr) rounds_ = delayed_->meetings();
}

Round ConvexRun::next_round() {
  RoundStart start = round_start(options_.step_size, planned_, steps_);
  if (rounds_ > 0 && schedule_->wants_divergence()) start.divergence = synchronous_->round_divergence();
  if (rounds_ > 0 && schedule_->wants_loss()) start.round_loss = problem_.value(method_->last());
  return schedule_->next_round(start);
}

// Rounds of one length are made in one call where the schedule needs no measurements.
void ConvexRun::train_by_schedule(int64_t until) {
  const bool listens = schedule_->wants_divergence() || schedule_->wants_loss();
  int64_t period = 0, rounds = 0;
  const auto flush = [&] {
    if (rounds > 0) method_->advance(period, rounds);
    rounds_ += rounds;
    rounds = 0;
  };
  while (planned_ < until) {
    const int64_t next = next_round().steps;
    longest_period_ = std::max(longest_period_, next);
    if (next != period) flush();
    period = next;
    ++rounds;
    planned_ += next;
    if (listens) flush();
  }
  flush();
}

void ConvexRun::look() {
  const auto step_now = static_cast<double>(step());
  next_look_ = std::max(step_now + 1, between_looks * step_now);
  const std::vector<double> newest = method_->last();
  const double last = problem_.value(newest) - optimum_;
  const double weighted = step() == 0 ? last : problem_.value(method_->weighted()) - optimum_;
  if (!std::isfinite(last) || !std::isfinite(weighted))
    throw NonFiniteError(
        fmt::format("after {} steps f is no finite number; take a smaller --learning-rate", step()));
  curve_.push_back({step(), last, weighted});
  visited_.visit(newest);
  for (const std::vector<double>& x : method_->iterates(workers_looked_at)) visited_.visit(x);
}

int64_t longest_round(SyncSchedule& schedule, const ConvexStepSize& step_size, int64_t steps) {
  if (schedule.wants_divergence() || schedule.wants_loss()) return steps;
  int64_t longest = 1;
  for (int64_t step = 0; step < steps;) {
    const int64_t round = schedule.next_round(round_start(step_size, step, steps)).steps;
    longest = std::max(longest, round);
    step += round;
  }
  return longest;
}

}  // namespace muster::inline theory
