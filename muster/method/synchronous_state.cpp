#include <optional>
#include <utility>

#include "muster/base/error.h"
#include "muster/method/synchronous.h"

namespace muster::inline method {

State Synchronous::common_state() const {
  State state;
  Numbers& numbers = state.numbers;
  clock_.save(numbers);
  numbers.set("anchor_is_current", int64_t{anchor_is_current_});
  if (clock_.measured().loss) numbers.set("last_round_loss", *clock_.measured().loss);
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

std::map<std::string, Vector> Synchronous::shared_vectors() const {
  std::map<std::string, Vector> vectors;
  if (anchor_is_current_) vectors["anchor"] = anchor_;
  for (const auto& [name, tensor] : parts_.outer->state().tensors)
    vectors["outer optimizer's " + name] = tensor.values;
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
  anchor_is_current_ = numbers.integer("anchor_is_current") != 0;
  clock_.restore(numbers, numbers.has("last_round_loss") ? std::optional(numbers.real("last_round_loss"))
                                                         : std::nullopt);
  training_seconds_ = clock_.measured().seconds.value_or(0);
  parts_.outer->restore(state.part_of("outer"));
  state.copy_into("anchor", anchor_);
  meetings_->restore(state.part_of("meetings"), clock_.span());
  loss_sums_.assign(replicas_.size(), 0.0);
}

void Synchronous::restore(const State& state) {
  restore_common(state);
  meetings_->restore_codec(state.part_of("codec"));
  for (size_t i = 0; i < replicas_.size(); ++i) {
    replicas_[i]->restore(state.part_of(worker_name(i)));
    meetings_->restore_worker(i, state.part_of(worker_name(i)));
  }
  if (!clock_.in_round()) return;
  for (size_t i = 0; i < replicas_.size(); ++i)
    loss_sums_[i] = state.numbers.real(worker_name(i) + ".loss_sum");
}

void Synchronous::adopt(const State& state) {
  restore_common(state);
  meetings_->restore_codec({});  // residuals of a worker's encodings belong to its earlier state
  for (size_t i = 0; i < replicas_.size(); ++i) {
    replicas_[i]->restore(state.part_of("worker"));
    meetings_->restore_worker(i, state.part_of("worker"));
  }
  if (!clock_.in_round()) return;
  clock_.rewind();
  if (!clock_.averages_gradients()) assign_to_replicas(anchor_);
}

}  // namespace muster::inline method
