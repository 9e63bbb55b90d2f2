#include "muster/method/synchronous.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/flat_buffer.h"

namespace muster {

Synchronous::Synchronous(SynchronousParts parts, SynchronousOptions options)
    : parts_(std::move(parts)), options_(options) {
  invariant(options_.hosted_workers >= 1 && options_.total_steps >= 1, "a run has workers and steps");
  for (int64_t i = 0; i < options_.hosted_workers; ++i) {
    auto model = parts_.task.make_model();
    auto inner = parts_.make_inner(model->parameters(), model->type());
    replicas_.push_back(std::make_unique<Replica>(std::move(model), std::move(inner)));
  }
  const at::Tensor& first = replicas_[0]->parameters();
  anchor_ = flat_vector(first.numel(), first.scalar_type());
  anchor_.copy_(first);
}

int64_t Synchronous::worker_number(int64_t hosted) const {
  return parts_.averager.first_worker(options_.hosted_workers) + hosted;
}

std::optional<Progress> Synchronous::advance(int64_t at_most) {
  if (step_ >= options_.total_steps && !in_round_) return std::nullopt;
  if (!in_round_) begin_round();
  Progress progress = std::exchange(unreported_, Progress{});
  try {
    const int64_t left = round_start_ + round_.steps - step_;
    if (left > 0) run_steps(std::min(left, std::max<int64_t>(1, at_most)), progress);
    if (step_ == round_start_ + round_.steps) progress.round = end_round(progress);
  } catch (const LostPeer&) {
    unreported_ = std::move(progress);
    throw;
  }
  progress.step = step_;
  return progress;
}

void Synchronous::regrouped() { batches_.reset(); }

void Synchronous::begin_round() {
  RoundStart start;
  start.step = step_;
  start.total_steps = options_.total_steps;
  start.learning_rate = parts_.learning_rate.at(step_);
  start.last_learning_rate = step_ > 0 ? parts_.learning_rate.at(step_ - 1) : 0.0;
  start.divergence = last_divergence_;
  start.round_loss = last_round_loss_;
  round_ = parts_.schedule->next_round(start);
  invariant(round_.steps >= 1 && step_ + round_.steps <= options_.total_steps,
            "a round passes the last step");
  invariant(round_.what == Average::parameters || round_.steps == 1, "gradients are averaged in every step");
  if (round_.what == Average::parameters && !anchor_is_current_) {
    anchor_.copy_(replicas_[0]->parameters());
    anchor_is_current_ = true;
  }
  round_start_ = step_;
  loss_sums_.assign(replicas_.size(), 0.0);
  in_round_ = true;
}

BatchAheadOptions Synchronous::batch_options() const {
  BatchAheadOptions options;
  options.threads = options_.loader_threads;
  options.workers = options_.hosted_workers;
  options.first_worker = worker_number(0);
  options.first_step = step_;
  options.total_steps = options_.total_steps;
  return options;
}

void Synchronous::run_steps(int64_t steps, Progress& progress) {
  if (!batches_) batches_ = std::make_unique<BatchAhead>(parts_.task, parts_.sampler, batch_options());
  losses_.assign(static_cast<size_t>(steps * options_.hosted_workers), 0.0);
  if (round_.what == Average::gradients)
    run_data_parallel_step(progress);
  else
    run_local_steps(steps, progress);
  record_losses(steps, progress);
  step_ += steps;
  progress.steps += steps;
}

double Synchronous::compute_gradient(int64_t hosted, int64_t step, StepSeconds& spent) {
  Stopwatch watch;
  const Batch batch = batches_->take(hosted, step);
  spent.data += watch.lap();
  const RandomKey noise{options_.seed, Purpose::dropout, static_cast<uint64_t>(worker_number(hosted)),
                        static_cast<uint64_t>(step)};
  const double loss = replicas_[static_cast<size_t>(hosted)]->compute_gradient(batch, noise);
  spent.compute += watch.lap();
  return loss;
}

void Synchronous::apply_gradient(int64_t hosted, int64_t step, StepSeconds& spent) {
  const Stopwatch watch;
  replicas_[static_cast<size_t>(hosted)]->apply_gradient(parts_.learning_rate.at(step), options_.clip);
  spent.compute += watch.seconds();
}

void Synchronous::on_all_workers(int64_t steps, Progress& progress, const WorkerSteps& body) {
  const StepTimes times = run_worker_steps(parts_.pool, options_.hosted_workers, steps, body);
  progress.seconds.compute += times.compute;
  progress.seconds.data += times.data;
  progress.seconds.waiting += times.waiting;
}

void Synchronous::run_local_steps(int64_t steps, Progress& progress) {
  on_all_workers(steps, progress, [&](int64_t hosted, int64_t first, int64_t last) {
    StepSeconds spent;
    for (int64_t i = first; i < last; ++i) {
      const double loss = compute_gradient(hosted, step_ + i, spent);
      losses_[static_cast<size_t>(hosted * steps + i)] = loss;
      if (!std::isfinite(loss)) break;
      apply_gradient(hosted, step_ + i, spent);
    }
    return spent;
  });
}

void Synchronous::run_data_parallel_step(Progress& progress) {
  on_all_workers(1, progress, [&](int64_t hosted, int64_t, int64_t) {
    StepSeconds spent;
    losses_[static_cast<size_t>(hosted)] = compute_gradient(hosted, step_, spent);
    return spent;
  });
  if (!std::all_of(losses_.begin(), losses_.end(), [](double loss) { return std::isfinite(loss); })) return;
  const Stopwatch watch;
  gradients_met_ = parts_.averager.meet({.vectors = {{.replicas = vectors_of(&Replica::gradient)}},
                                         .values = losses_,
                                         .number = static_cast<uint64_t>(step_)},
                                        deadline_in(options_.deadline));
  anchor_is_current_ = false;
  progress.seconds.averaging += watch.seconds();
  on_all_workers(1, progress, [&](int64_t hosted, int64_t, int64_t) {
    StepSeconds spent;
    apply_gradient(hosted, step_, spent);
    return spent;
  });
}

void Synchronous::record_losses(int64_t steps, Progress& progress) {
  const int64_t workers = options_.hosted_workers;
  for (int64_t i = 0; i < steps; ++i) {
    double sum = 0;
    for (int64_t w = 0; w < workers; ++w) {
      const double loss = losses_[static_cast<size_t>(w * steps + i)];
      if (!std::isfinite(loss))
        throw NonFiniteError("the loss is " + std::to_string(loss) + " at step " + std::to_string(step_ + i) +
                             " of worker " + std::to_string(worker_number(w)));
      sum += loss;
      loss_sums_[static_cast<size_t>(w)] += loss;
    }
    progress.losses.push_back(sum / static_cast<double>(workers));
  }
}

RoundReport Synchronous::end_round(Progress& progress) {
  const Stopwatch watch;
  const Meeting meeting = gradients_met_ ? *std::exchange(gradients_met_, std::nullopt) : meet();
  last_divergence_ = meeting.divergence;
  last_round_loss_ = meeting.mean_value;
  progress.seconds.averaging += watch.seconds();
  in_round_ = false;
  RoundReport report;
  report.index = round_index_++;
  report.first_step = round_start_;
  report.round = round_;
  report.loss = *last_round_loss_;
  report.learning_rate = parts_.learning_rate.at(step_ - 1);
  report.divergence = last_divergence_;
  report.bytes_per_worker = meeting.bytes_per_worker;
  return report;
}

std::vector<double> Synchronous::round_losses() const {
  std::vector<double> losses = loss_sums_;
  for (double& loss : losses) loss /= static_cast<double>(round_.steps);
  return losses;
}

Meeting Synchronous::meet() {
  const bool plain = parts_.outer->is_plain_mean();
  MeetingRequest request;
  request.vectors.push_back(
      {vectors_of(&Replica::parameters), plain ? &anchor_ : &scratch(), plain, anchor_});
  request.number = static_cast<uint64_t>(step_);
  if (options_.at_meeting == MomentsAtMeeting::average)
    for (size_t kind = 0; kind < replicas_[0]->optimizer().moments().size(); ++kind) {
      Averaged& moments = request.vectors.emplace_back();
      for (auto& replica : replicas_) moments.replicas.push_back(replica->optimizer().moments()[kind]);
    }
  request.values = round_losses();
  // In a group of one the divergence comes out of the pass that averages; elsewhere it costs another.
  request.measure_divergence = parts_.schedule->wants_divergence() || parts_.averager.group().size() == 1;
  const Meeting meeting = parts_.averager.meet(request, deadline_in(options_.deadline));
  if (!plain) {
    at::Tensor& mean = scratch();
    mean.neg_().add_(anchor_);  // the outer gradient: anchor - mean
    parts_.outer->step(anchor_, mean, parts_.learning_rate.at(step_ - 1));
    assign_to_replicas(anchor_);
  }
  if (options_.at_meeting == MomentsAtMeeting::reset)
    for (auto& replica : replicas_) replica->optimizer().reset();
  return meeting;
}

void Synchronous::assign_to_replicas(const at::Tensor& parameters) {
  parts_.pool.run(options_.hosted_workers, [&](int64_t hosted) {
    replicas_[static_cast<size_t>(hosted)]->parameters().copy_(parameters);
  });
}

at::Tensor& Synchronous::scratch() {
  if (!scratch_.defined()) scratch_ = flat_vector(anchor_.numel(), anchor_.scalar_type());
  return scratch_;
}

std::vector<at::Tensor> Synchronous::vectors_of(at::Tensor& (Replica::*vector)()) {
  std::vector<at::Tensor> vectors;
  for (auto& replica : replicas_) vectors.push_back(((*replica).*vector)());
  return vectors;
}

void Synchronous::copy_mean_parameters(at::Tensor& out) {
  if (!anchor_is_current_) {
    out.copy_(replicas_[0]->parameters());
  } else if (!in_round_) {
    out.copy_(anchor_);
  } else {
    parts_.averager.average(vectors_of(&Replica::parameters), out, false, false,
                            deadline_in(options_.deadline));
  }
}

void Synchronous::copy_mean_buffers(at::Tensor& out) {
  if (out.numel() == 0) return;
  parts_.averager.average(vectors_of(&Replica::buffers), out, false, false, deadline_in(options_.deadline));
}

void Synchronous::start_from(const at::Tensor& parameters, const at::Tensor& buffers) {
  invariant(step_ == 0 && !in_round_, "a run that has begun cannot start from other weights");
  anchor_.copy_(parameters);
  for (auto& replica : replicas_) {
    replica->parameters().copy_(parameters);
    replica->buffers().copy_(buffers);
  }
}

std::string Synchronous::worker_name(size_t hosted) const {
  return "worker" + std::to_string(worker_number(static_cast<int64_t>(hosted)));
}

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
  numbers.insert("schedule", parts_.schedule->state());
  state.insert("outer", parts_.outer->state());
  state.tensors["anchor"] = anchor_;
  return state;
}

State Synchronous::state() const {
  State state = common_state();
  state.insert("codec", parts_.averager.state());
  for (size_t i = 0; i < replicas_.size(); ++i) state.insert(worker_name(i), replicas_[i]->state());
  for (size_t i = 0; i < loss_sums_.size(); ++i)
    state.numbers.set(worker_name(i) + ".loss_sum", loss_sums_[i]);
  return state;
}

State Synchronous::state_for_newcomers() const {
  invariant(!in_round_, "newcomers are let in between rounds");
  State state = common_state();
  state.insert("worker", replicas_.front()->state());
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
  parts_.schedule->restore(numbers.part_of("schedule"));
  parts_.outer->restore(state.part_of("outer"));
  state.copy_into("anchor", anchor_);
  loss_sums_.assign(replicas_.size(), 0.0);
}

void Synchronous::restore(const State& state) {
  restore_common(state);
  parts_.averager.restore(state.part_of("codec"));
  for (size_t i = 0; i < replicas_.size(); ++i) replicas_[i]->restore(state.part_of(worker_name(i)));
  if (!in_round_) return;
  for (size_t i = 0; i < replicas_.size(); ++i)
    loss_sums_[i] = state.numbers.real(worker_name(i) + ".loss_sum");
}

void Synchronous::adopt(const State& state) {
  restore_common(state);
  for (auto& replica : replicas_) replica->restore(state.part_of("worker"));
}

}  // namespace muster
