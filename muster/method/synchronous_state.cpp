#include <optional>
#include <utility>

#include "muster/base/error.h"
#include "muster/method/synchronous.h"

namespace muster {

State Synchronous::common_state() const {
  State state;
  Numbers& numbers = state.numbers;
  numbers.set("step", step_);
  numbers.set("round_index", round_index_);
  numbers.set("round_start", round_start_);
  numbers.set("round_steps", round_.steps);
  numbers.set("round_averages_gradients", int64_t{round_.what == Average::gradients});
  numbers.set("in_round", int64_t{in_round_});
  numbers.set("anchor_is_current", int64_t{anchor_is_current_});
  if (last_divergence_) numbers.set("last_divergence", *last_divergence_);
  if (last_round_loss_) numbers.set("last_round_loss", *last_round_loss_);
  if (last_seconds_) numbers.set("last_seconds", *last_seconds_);
  numbers.insert("schedule", parts_.schedule->state());
  state.insert("outer", parts_.outer->state());
  state.insert("meetings", meetings_->state());
  state.tensors["anchor"] = anchor_;
  return state;
}

State Synchronous::state() const {
  State state = common_state();
  state.insert("codec", meetings_->codec_state());
  for (size_t i = 0; i < replicas_.size(); ++i) {
    state.insert(worker_name(i), replicas_[i]->state());
    state.insert(worker_name(i), meetings_->worker_state(i));
  }
  for (size_t i = 0; i < loss_sums_.size(); ++i)
    state.numbers.set(worker_name(i) + ".loss_sum", loss_sums_[i]);
  return state;
}

std::map<std::string, at::Tensor> Synchronous::shared_vectors() const {
  std::map<std::string, at::Tensor> vectors;
  if (anchor_is_current_) vectors["anchor"] = anchor_;
  for (const auto& [name, tensor] : parts_.outer->state().tensors)
    vectors["outer optimizer's " + name] = tensor;
  return vectors;
}

State Synchronous::state_for_newcomers() const {
  State state = common_state();
  state.insert("worker", replicas_.front()->state());
  state.insert("worker", meetings_->worker_state(0));
  return state;
}

void Synchronous::restore_common(const State& state) {
  const Numbers& numbers = state.numbers;
  batches_.reset();
  unreported_ = {};
  gradients_met_.reset();
  step_ = numbers.integer("step");
  round_index_ = numbers.integer("round_index");
  round_start_ = numbers.integer("round_start");
  round_.steps = numbers.integer("round_steps");
  round_.what = numbers.integer("round_averages_gradients") ? Average::gradients : Average::parameters;
  in_round_ = numbers.integer("in_round") != 0;
  anchor_is_current_ = numbers.integer("anchor_is_current") != 0;
  const auto optional = [&](const char* name) {
    return numbers.has(name) ? std::optional<double>(numbers.real(name)) : std::nullopt;
  };
  last_divergence_ = optional("last_divergence");
  last_round_loss_ = optional("last_round_loss");
  last_seconds_ = optional("last_seconds");
  training_seconds_ = last_seconds_.value_or(0);
  parts_.schedule->restore(numbers.part_of("schedule"));
  parts_.outer->restore(state.part_of("outer"));
  state.copy_into("anchor", anchor_);
  meetings_->restore(state.part_of("meetings"), span());
  loss_sums_.assign(replicas_.size(), 0.0);
}

void Synchronous::restore(const State& state) {
  restore_common(state);
  meetings_->restore_codec(state.part_of("codec"));
  for (size_t i = 0; i < replicas_.size(); ++i) {
    replicas_[i]->restore(state.part_of(worker_name(i)));
    meetings_->restore_worker(i, state.part_of(worker_name(i)));
  }
  if (!in_round_) return;
  for (size_t i = 0; i < replicas_.size(); ++i)
    loss_sums_[i] = state.numbers.real(worker_name(i) + ".loss_sum");
}

void Synchronous::adopt(const State& state) {
  restore_common(state);
  meetings_->restore_codec({});  // what a worker's own encodings lost belongs to the state that it had
  for (size_t i = 0; i < replicas_.size(); ++i) {
    replicas_[i]->restore(state.part_of("worker"));
    meetings_->restore_worker(i, state.part_of("worker"));
  }
  if (!in_round_) return;
  step_ = round_start_;
  if (round_.what == Average::parameters) assign_to_replicas(anchor_);
}

}  // namespace muster
