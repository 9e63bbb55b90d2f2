#include "muster/rounds/round_clock.h"

#include <utility>

#include "muster/base/error.h"

namespace muster::inline rounds {

namespace {

std::optional<double> real_where_there(const Numbers& numbers, const char* name) {
  return numbers.has(name) ? std::optional<double>(numbers.real(name)) : std::nullopt;
}

}  // namespace

RoundClock::RoundClock(std::unique_ptr<SyncSchedule> rule, int64_t total_steps)
    : rule_(std::move(rule)), total_steps_(total_steps) {
  invariant(rule_ && total_steps_ >= 1, "a run has a rule and steps");
}

RoundSpan RoundClock::span() const {
  return {first_step_, round_.steps, first_step_ + round_.steps == total_steps_};
}

void RoundClock::begin(double learning_rate, double last) {
  invariant(!in_round_ && step_ < total_steps_, "a round begins where none runs, before the run's end");
  const Round round = rule_->next_round({.step = step_,
                                         .total_steps = total_steps_,
                                         .learning_rate = learning_rate,
                                         .last_learning_rate = last,
                                         .divergence = measured_.divergence,
                                         .round_loss = measured_.loss,
                                         .seconds = measured_.seconds});
  invariant(round.steps >= 1 && step_ + round.steps <= total_steps_, "a round passes the last step");
  invariant(round.what == Average::parameters || round.steps == 1, "gradients are averaged in every step");
  round_ = round;
  first_step_ = step_;
  in_round_ = true;
}

void RoundClock::end(const RoundMeasures& measured) {
  invariant(in_round_, "a round ends that does not run");
  measured_ = measured;
  in_round_ = false;
  ++rounds_;
}

void RoundClock::save(Numbers& numbers) const {
  numbers.set("step", step_);
  numbers.set("round_index", rounds_);
  numbers.set("round_start", first_step_);
  numbers.set("round_steps", round_.steps);
  numbers.set("round_averages_gradients", int64_t{averages_gradients()});
  numbers.set("in_round", int64_t{in_round_});
  if (measured_.divergence) numbers.set("last_divergence", *measured_.divergence);
  if (measured_.seconds) numbers.set("last_seconds", *measured_.seconds);
  numbers.insert("schedule", rule_->state());
}

void RoundClock::restore(const Numbers& numbers, std::optional<double> loss) {
  const int64_t step = numbers.integer("step"), rounds = numbers.integer("round_index"),
                first_step = numbers.integer("round_start"), steps = numbers.integer("round_steps");
  const bool gradients = numbers.integer("round_averages_gradients") != 0,
             in_round = numbers.integer("in_round") != 0;
  const RoundMeasures measured{real_where_there(numbers, "last_divergence"), loss,
                               real_where_there(numbers, "last_seconds")};
  const Numbers before = rule_->state();
  try {
    rule_->restore(numbers.part_of("schedule"));
  } catch (...) {
    rule_->restore(before);
    throw;
  }
  step_ = step;
  rounds_ = rounds;
  first_step_ = first_step;
  round_ = {steps, gradients ? Average::gradients : Average::parameters};
  in_round_ = in_round;
  measured_ = measured;
}

}  // namespace muster::inline rounds
