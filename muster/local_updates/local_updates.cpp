#include "muster/local_updates/local_updates.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/flat_buffer.h"
#include "muster/optim/average.h"

namespace muster {

namespace {

constexpr std::array facts = {"element type",       "number of trained parameters",
                              "number of elements", "fingerprint of the parameters' shapes",
                              "total_steps",        "measured divergence (1: yes)",
                              "measured loss",      "plain mean as outer optimizer",
                              "steps done",         "first step of the round",
                              "steps of the round"};
using Facts = std::array<int64_t, facts.size()>;

at::Tensor flat_of(const at::Tensor& tensor) { return tensor.detach().contiguous().view({-1}); }

}  // namespace

LocalUpdates::LocalUpdates(const std::vector<at::Tensor>& parameters, Communicator& group,
                           std::unique_ptr<SyncSchedule> schedule, int64_t total_steps,
                           LocalUpdatesOptions options)
    : schedule_(std::move(schedule)),
      options_(std::move(options)),
      total_steps_(total_steps),
      parameters_(parameters) {
  invariant(schedule_ != nullptr, "LocalUpdates needs a schedule");
  if (total_steps_ < 1)
    throw OptionError("total_steps", std::to_string(total_steps_),
                      "give the steps of the whole run, at least 1");
  if (options_.deadline.count() < 1)
    throw OptionError("deadline", std::to_string(options_.deadline.count()) + " ms", "give at least 1 ms");
  options_.measure_divergence |= schedule_->wants_divergence();
  options_.measure_loss |= schedule_->wants_loss();
  const at::Tensor& vector = parameters_.vector();
  outer_ = options_.outer ? options_.outer(vector.numel(), vector.scalar_type())
                          : std::make_unique<PlainAverage>();
  invariant(outer_ != nullptr, "the factory of the outer optimizer returned nothing");
  agree(group);
  averager_.emplace(group, pool_);
  broadcast_parameters();
  if (outer_->is_plain_mean()) return;
  mean_ = flat_vector(vector.numel(), vector.scalar_type());
  anchor_ = flat_vector(vector.numel(), vector.scalar_type()).copy_(vector);
}

// Gathered, not broadcast: every rank finds the difference, so none is left waiting for one that has thrown.
void LocalUpdates::agree(Communicator& group) const {
  const Facts mine = {static_cast<int64_t>(parameters_.vector().scalar_type()),
                      parameters_.count(),
                      parameters_.vector().numel(),
                      parameters_.fingerprint(),
                      total_steps_,
                      int64_t{options_.measure_divergence},
                      int64_t{options_.measure_loss},
                      int64_t{outer_->is_plain_mean()},
                      step_,
                      round_start_,
                      in_round_ ? round_.steps : 0};
  at::Tensor message = at::empty({static_cast<int64_t>(mine.size())}, at::kLong);
  std::copy(mine.begin(), mine.end(), message.data_ptr<int64_t>());
  std::vector<at::Tensor> received;
  for (int rank = 0; rank < group.size(); ++rank) received.push_back(at::empty_like(message));
  group.start_gather(message, received)->wait(deadline_in(options_.deadline));
  for (size_t rank = 1; rank < received.size(); ++rank)
    for (size_t i = 0; i < facts.size(); ++i) {
      const int64_t here = received[rank].data_ptr<int64_t>()[i], first = received[0].data_ptr<int64_t>()[i];
      if (here != first)
        throw Error(fmt::format("the ranks do not agree: {} is {} on rank {}, and {} on rank 0", facts[i],
                                here, rank, first));
    }
}

void LocalUpdates::broadcast_parameters() {
  const at::NoGradGuard no_grad;
  at::Tensor vector = parameters_.vector();
  group().broadcast(vector, 0);
  for (const at::Tensor& frozen : parameters_.frozen()) {
    at::Tensor message = flat_of(frozen).clone();
    group().broadcast(message, 0);
    frozen.detach().copy_(message.view(frozen.sizes()));
  }
}

void LocalUpdates::require_step(double learning_rate) const {
  if (step_ >= total_steps_)
    throw Error(fmt::format("the run of total_steps = {} steps is over: no step can follow", total_steps_));
  if (!(learning_rate >= 0 && std::isfinite(learning_rate)))
    throw OptionError("learning_rate", format_number(learning_rate),
                      "give the rate of this step, at least 0");
}

void LocalUpdates::begin_round(double learning_rate) {
  round_ = schedule_->next_round({.step = step_,
                                  .total_steps = total_steps_,
                                  .learning_rate = learning_rate,
                                  .last_learning_rate = last_learning_rate_,
                                  .divergence = last_divergence_,
                                  .round_loss = last_loss_,
                                  .seconds = last_seconds_});
  invariant(round_.steps >= 1 && round_.steps <= total_steps_ - step_, "a round passes the last step");
  invariant(round_.what == Average::parameters || round_.steps == 1, "gradients are averaged in every step");
  round_start_ = step_;
  loss_sum_ = 0;
  in_round_ = true;
}

bool LocalUpdates::average_gradients(double learning_rate) {
  require_step(learning_rate);
  if (announced_rate_)
    throw Error(
        fmt::format("average_gradients() was called twice in step {}: call it once, after the last "
                    "backward() of the step",
                    step_));
  if (!in_round_) begin_round(learning_rate);
  const bool averages = round_.what == Average::gradients;
  if (averages && group().size() > 1) exchange_gradients();
  announced_rate_ = learning_rate;
  return averages;
}

// The scratch memory is given up when the wait throws, since the operation may live on.
void LocalUpdates::exchange_gradients() {
  at::Tensor packed = std::exchange(packed_gradients_, at::Tensor());
  if (!packed.defined())
    packed =
        flat_vector(parameters_.vector().numel() + parameters_.count(), parameters_.vector().scalar_type());
  parameters_.pack_gradients(packed);
  group().start_mean(packed, packed)->wait(deadline_in(options_.deadline));
  parameters_.unpack_gradients(packed);
  packed_gradients_ = packed;
}

std::optional<MeetingReport> LocalUpdates::step(double learning_rate, std::optional<double> loss) {
  require_step(learning_rate);
  if (announced_rate_ && *announced_rate_ != learning_rate)
    throw Error(fmt::format("step({}) after average_gradients({}): give both the rate of step {}",
                            format_number(learning_rate), format_number(*announced_rate_), step_));
  if (options_.measure_loss && !loss)
    throw Error(
        fmt::format("step {} came without its loss, which the rule listens to: call "
                    "step(learning_rate, loss)",
                    step_));
  if (!in_round_) begin_round(learning_rate);
  if (round_.what == Average::gradients && !announced_rate_)
    throw Error(
        fmt::format("step {} averages gradients: call average_gradients(learning_rate) between "
                    "backward() and optimizer.step()",
                    step_));
  announced_rate_.reset();
  last_learning_rate_ = learning_rate;
  loss_sum_ += loss.value_or(0);
  ++step_;
  return meet();
}

std::optional<MeetingReport> LocalUpdates::meet() {
  if (!in_round_ || step_ < round_start_ + round_.steps) return std::nullopt;
  const Deadline deadline = deadline_in(options_.deadline);
  MeetingReport report{.index = round_index_,
                       .first_step = round_start_,
                       .steps = step_ - round_start_,
                       .what = round_.what,
                       .learning_rate = last_learning_rate_};
  parameters_.readopt();
  // Numbers first: once the parameters have changed, nothing may fail any more.
  report.loss = mean_loss(report.steps, deadline);
  if (schedule_->wants_seconds())
    last_seconds_ = averager_->mean_of(seconds_before_ + clock_.seconds(), deadline);
  if (round_.what == Average::parameters) {
    const Meeting meeting = average_parameters(deadline);
    report.divergence = meeting.divergence;
    report.bytes_per_worker = meeting.bytes_per_worker;
  } else {
    report.bytes_per_worker = (parameters_.vector().numel() + parameters_.count()) *
                              static_cast<int64_t>(parameters_.vector().element_size());
    if (anchor_.defined()) anchor_.copy_(parameters_.vector());
  }
  last_loss_ = report.loss;
  last_divergence_ = report.divergence;
  in_round_ = false;
  ++round_index_;
  return report;
}

std::optional<double> LocalUpdates::mean_loss(int64_t steps, Deadline deadline) {
  if (!options_.measure_loss) return std::nullopt;
  const double mean = averager_->mean_of(loss_sum_ / static_cast<double>(steps), deadline);
  if (!std::isfinite(mean))
    throw NonFiniteError(
        fmt::format("the mean loss of steps {} to {} over all ranks is {}", round_start_, step_ - 1, mean));
  return mean;
}

Meeting LocalUpdates::average_parameters(Deadline deadline) {
  at::Tensor vector = parameters_.vector();
  const bool plain = outer_->is_plain_mean();
  const Meeting meeting = averager_->meet(
      {.vectors = {{.replicas = {vector}, .mean = plain ? nullptr : &mean_, .write_back = plain}},
       .measure_divergence = options_.measure_divergence},
      deadline);
  if (plain) return meeting;
  mean_.neg_().add_(anchor_);  // the outer gradient: anchor - mean
  outer_->step(anchor_, mean_, last_learning_rate_);
  vector.copy_(anchor_);
  return meeting;
}

// The anchor of rank 0 counts: where the lost group let some ranks meet and others not, they differ.
void LocalUpdates::use_group(Communicator& group) {
  agree(group);
  averager_.emplace(group, pool_);
  if (anchor_.defined()) group.broadcast(anchor_, 0);
}

void LocalUpdates::average(const std::vector<at::Tensor>& tensors) {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<std::vector<at::Tensor>, at::Tensor>> means;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    std::vector<at::Tensor> of_type, pieces;
    for (const at::Tensor& tensor : tensors) {
      if (!tensor.defined() || !tensor.is_cpu() || tensor.layout() != at::kStrided)
        throw Error("average() needs dense tensors on the CPU");
      if (tensor.scalar_type() != type) continue;
      of_type.push_back(tensor);
      pieces.push_back(flat_of(tensor));
    }
    if (of_type.empty()) continue;
    at::Tensor mean = at::cat(pieces);
    group().start_mean(mean, mean)->wait(deadline_in(options_.deadline));
    means.emplace_back(std::move(of_type), std::move(mean));
  }
  for (const auto& [receivers, mean] : means) {
    int64_t offset = 0;
    for (const at::Tensor& receiver : receivers) {
      receiver.detach().copy_(mean.narrow(0, offset, receiver.numel()).view(receiver.sizes()));
      offset += receiver.numel();
    }
  }
}

State LocalUpdates::state() {
  invariant(!announced_rate_, "state() between average_gradients() and step()");
  parameters_.readopt();
  State state;
  Numbers& numbers = state.numbers;
  numbers.set("step", step_);
  numbers.set("total_steps", total_steps_);
  numbers.set("fingerprint", parameters_.fingerprint());
  numbers.set("rank", int64_t{group().rank()});
  numbers.set("ranks", int64_t{group().size()});
  numbers.set("round_index", round_index_);
  numbers.set("round_start", round_start_);
  numbers.set("round_steps", round_.steps);
  numbers.set("round_averages_gradients", int64_t{round_.what == Average::gradients});
  numbers.set("in_round", int64_t{in_round_});
  numbers.set("last_learning_rate", last_learning_rate_);
  numbers.set("loss_sum", loss_sum_);
  if (last_divergence_) numbers.set("last_divergence", *last_divergence_);
  if (last_loss_) numbers.set("last_loss", *last_loss_);
  if (last_seconds_) numbers.set("last_seconds", *last_seconds_);
  numbers.insert("schedule", schedule_->state());
  state.insert("outer", outer_->state());
  state.tensors["parameters"] = parameters_.vector();
  if (anchor_.defined()) state.tensors["anchor"] = anchor_;
  return state;
}

void LocalUpdates::check_state(const State& state) const {
  const Numbers& numbers = state.numbers;
  const auto same = [&](const char* name, int64_t here) {
    const int64_t stored = numbers.integer(name);
    if (stored != here)
      throw CheckpointError(
          fmt::format("the state is of a run with {} = {}, this one has {}", name, stored, here));
  };
  same("total_steps", total_steps_);
  same("fingerprint", parameters_.fingerprint());
  if (numbers.integer("in_round") != 0) {
    same("rank", averager_->first_worker(1));
    same("ranks", averager_->workers(1));
  }
  for (const auto& [name, like] : {std::pair("parameters", parameters_.vector()), {"anchor", anchor_}}) {
    const auto found = state.tensors.find(name);
    if (!like.defined()) continue;
    if (found == state.tensors.end()) throw CheckpointError(fmt::format("state lacks the tensor '{}'", name));
    if (found->second.sizes() != like.sizes() || found->second.scalar_type() != like.scalar_type())
      throw CheckpointError(fmt::format("state holds the tensor '{}' in another shape or type", name));
  }
}

// What may throw comes first; the schedule is set back where it was when the outer optimizer refuses.
void LocalUpdates::restore(const State& state) {
  check_state(state);
  const Numbers& numbers = state.numbers;
  const auto optional = [&](const char* name) {
    return numbers.has(name) ? std::optional<double>(numbers.real(name)) : std::nullopt;
  };
  const int64_t step = numbers.integer("step"), round_index = numbers.integer("round_index"),
                round_start = numbers.integer("round_start"), round_steps = numbers.integer("round_steps");
  const bool gradients = numbers.integer("round_averages_gradients") != 0;
  const double last_rate = numbers.real("last_learning_rate"), loss_sum = numbers.real("loss_sum");
  const auto last_divergence = optional("last_divergence"), last_loss = optional("last_loss"),
             last_seconds = optional("last_seconds");
  parameters_.readopt();
  const Numbers schedule_before = schedule_->state();
  try {
    schedule_->restore(numbers.part_of("schedule"));
    outer_->restore(state.part_of("outer"));
  } catch (...) {
    schedule_->restore(schedule_before);
    throw;
  }
  in_round_ = numbers.integer("in_round") != 0;
  step_ = step;
  round_index_ = round_index;
  round_start_ = round_start;
  round_ = {round_steps, gradients ? Average::gradients : Average::parameters};
  last_learning_rate_ = last_rate;
  loss_sum_ = loss_sum;
  last_divergence_ = last_divergence;
  last_loss_ = last_loss;
  last_seconds_ = last_seconds;
  seconds_before_ = last_seconds.value_or(0);
  clock_ = Stopwatch();
  announced_rate_.reset();
  state.copy_into("parameters", parameters_.vector());
  if (anchor_.defined()) state.copy_into("anchor", anchor_);
}

}  // namespace muster
