#include "muster/method/synchronous.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/vector.h"
#include "muster/rounds/staggered_meetings.h"
#include "muster/rounds/whole_meetings.h"

namespace muster::inline method {

Synchronous::Synchronous(SynchronousParts parts, SynchronousOptions options)
    : parts_(std::move(parts)), options_(options), clock_(std::move(parts_.schedule), options_.total_steps) {
  invariant(options_.hosted_workers >= 1, "a run has workers");
  for (int64_t i = 0; i < options_.hosted_workers; ++i) {
    auto model = parts_.task.make_model();
    auto inner = parts_.make_inner(model->parameters(), model->type());
    replicas_.push_back(std::make_unique<Replica>(std::move(model), std::move(inner)));
  }
  const Vector& first = replicas_[0]->parameters();
  anchor_ = flat_vector(first.size(), first.type());
  initialise();
  meetings_ = make_meetings();
}

// The initial values are drawn once; the other workers copy them.
void Synchronous::initialise() {
  replicas_[0]->initialise(parts_.pool);
  parts_.pool.run(options_.hosted_workers, [&](int64_t hosted) {
    if (hosted == 0)
      anchor_.copy_from(replicas_[0]->parameters());
    else
      replicas_[static_cast<size_t>(hosted)]->copy_from(*replicas_[0]);
  });
}

std::unique_ptr<Meetings> Synchronous::make_meetings() {
  std::vector<MeetingWorker> workers;
  for (const auto& replica : replicas_) workers.push_back({replica->parameters(), &replica->optimizer()});
  const MeetingParts parts{std::move(workers), anchor_, parts_.averager, *parts_.outer, parts_.learning_rate};
  const MeetingOptions options{options_.at_meeting, clock_.rule().wants_divergence(),
                               clock_.rule().wants_seconds(), options_.deadline};
  if (options_.overlap.plain()) return std::make_unique<WholeMeetings>(parts, options);
  if (options_.overlap.delayed && clock_.rule().wants_loss())
    throw OptionError("comm.overlap", "delayed",
                      "does not go with a rule that listens to the loss of all workers; use another rule");
  return std::make_unique<StaggeredMeetings>(parts, options, options_.overlap,
                                             parts_.task.make_model()->parameters());
}

int64_t Synchronous::worker_number(int64_t hosted) const {
  return parts_.averager.first_worker(options_.hosted_workers) + hosted;
}

std::optional<Progress> Synchronous::advance(int64_t at_most) {
  if (clock_.over()) return std::nullopt;
  watch_ = Stopwatch();
  if (!clock_.in_round()) begin_round();
  Progress progress = std::exchange(unreported_, Progress{});
  try {
    proceed(progress);  // the work that a resume or a lost peer left unfinished
    const int64_t left = clock_.steps_left();
    if (left > 0) run_steps(std::min({left, steps_until_due(), std::max<int64_t>(1, at_most)}), progress);
    proceed(progress);
    if (clock_.due()) progress.round = end_round(progress);
  } catch (const LostPeer&) {
    training_seconds_ += watch_.seconds();
    unreported_ = std::move(progress);
    throw;
  }
  training_seconds_ += watch_.seconds();
  progress.step = step();
  return progress;
}

void Synchronous::regrouped() {
  batches_.reset();
  meetings_->regrouped();
}

// While gradients are averaged no other meeting is in flight.
int64_t Synchronous::steps_until_due() const {
  return clock_.averages_gradients() ? round().steps : meetings_->steps_until_due(step());
}

void Synchronous::proceed(Progress& progress) {
  if (steps_until_due() > 0) return;
  const Stopwatch watch;
  meetings_->proceed(step());
  progress.seconds.averaging += watch.seconds();
}

void Synchronous::begin_round() {
  clock_.begin(parts_.learning_rate.at(step()), step() > 0 ? parts_.learning_rate.at(step() - 1) : 0.0);
  const bool apart = !clock_.averages_gradients();
  if (apart && !anchor_is_current_) {
    anchor_.copy_from(replicas_[0]->parameters());
    anchor_is_current_ = true;
  }
  invariant(apart || meetings_->allow_gradient_rounds(),
            "gradients are averaged in a run whose meetings overlap");
  if (apart) meetings_->begin_round(clock_.span());
  loss_sums_.assign(replicas_.size(), 0.0);
}

BatchAheadOptions Synchronous::batch_options() const {
  BatchAheadOptions options;
  options.threads = options_.loader_threads;
  options.workers = options_.hosted_workers;
  options.first_worker = worker_number(0);
  options.first_step = step();
  options.total_steps = options_.total_steps;
  return options;
}

void Synchronous::run_steps(int64_t steps, Progress& progress) {
  if (!batches_) batches_ = std::make_unique<BatchAhead>(parts_.task, parts_.sampler, batch_options());
  const bool grouped = parts_.inner_meeting && !clock_.averages_gradients();
  if (grouped) steps = std::min(steps, meet_inside(progress));
  losses_.assign(static_cast<size_t>(steps * options_.hosted_workers), 0.0);
  if (clock_.averages_gradients())
    run_data_parallel_step(progress);
  else if (grouped && parts_.inner_meeting->averages_gradients())
    run_grouped_step(progress);
  else
    run_local_steps(steps, progress);
  record_losses(steps, progress);
  clock_.advance(steps);
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
  const WorkerStepTimes times = run_worker_steps(parts_.pool, options_.hosted_workers, steps, body);
  progress.seconds.compute += times.compute;
  progress.seconds.data += times.data;
  progress.seconds.waiting += times.waiting;
}

void Synchronous::run_local_steps(int64_t steps, Progress& progress) {
  on_all_workers(steps, progress, [&](int64_t hosted, int64_t first, int64_t last) {
    StepSeconds spent;
    for (int64_t i = first; i < last; ++i) {
      const double loss = compute_gradient(hosted, step() + i, spent);
      losses_[static_cast<size_t>(hosted * steps + i)] = loss;
      if (!std::isfinite(loss)) break;
      apply_gradient(hosted, step() + i, spent);
    }
    return spent;
  });
}

// Computes one step's gradients of all hosted workers; false when a loss is not finite.
bool Synchronous::compute_gradients(Progress& progress) {
  on_all_workers(1, progress, [&](int64_t hosted, int64_t, int64_t) {
    StepSeconds spent;
    losses_[static_cast<size_t>(hosted)] = compute_gradient(hosted, step(), spent);
    return spent;
  });
  return std::all_of(losses_.begin(), losses_.end(), [](double loss) { return std::isfinite(loss); });
}

void Synchronous::apply_gradients(Progress& progress) {
  on_all_workers(1, progress, [&](int64_t hosted, int64_t, int64_t) {
    StepSeconds spent;
    apply_gradient(hosted, step(), spent);
    return spent;
  });
}

// A meeting that is due after a step is held before the next one: a run stopped between the two loses
// nothing.
int64_t Synchronous::meet_inside(Progress& progress) {
  const int64_t done = step() - clock_.span().first_step;
  if (parts_.inner_meeting->due(done)) {
    const Stopwatch watch;
    parts_.inner_meeting->average(vectors_of(&Replica::parameters), deadline_in(options_.deadline));
    progress.seconds.averaging += watch.seconds();
  }
  return parts_.inner_meeting->steps_until_due(done);
}

void Synchronous::run_grouped_step(Progress& progress) {
  if (!compute_gradients(progress)) return;
  const Stopwatch watch;
  parts_.inner_meeting->average(vectors_of(&Replica::gradient), deadline_in(options_.deadline));
  progress.seconds.averaging += watch.seconds();
  apply_gradients(progress);
}

void Synchronous::run_data_parallel_step(Progress& progress) {
  if (!compute_gradients(progress)) return;
  const Stopwatch watch;
  gradients_met_ = parts_.averager.meet({.vectors = {{.replicas = vectors_of(&Replica::gradient)}},
                                         .values = losses_,
                                         .compress = true,
                                         .number = static_cast<uint64_t>(step())},
                                        deadline_in(options_.deadline));
  anchor_is_current_ = false;
  progress.seconds.averaging += watch.seconds();
  apply_gradients(progress);
}

void Synchronous::record_losses(int64_t steps, Progress& progress) {
  const int64_t workers = options_.hosted_workers;
  for (int64_t i = 0; i < steps; ++i) {
    double sum = 0;
    for (int64_t w = 0; w < workers; ++w) {
      const double loss = losses_[static_cast<size_t>(w * steps + i)];
      if (!std::isfinite(loss))
        throw NonFiniteError("the loss is " + std::to_string(loss) + " at step " +
                             std::to_string(step() + i) + " of worker " + std::to_string(worker_number(w)));
      sum += loss;
      loss_sums_[static_cast<size_t>(w)] += loss;
    }
    progress.losses.push_back(sum / static_cast<double>(workers));
  }
}

RoundReport Synchronous::end_round(Progress& progress) {
  const Stopwatch watch;
  const Meeting meeting = gradients_met_
                              ? *std::exchange(gradients_met_, std::nullopt)
                              : meetings_->end_round(round_losses(), training_seconds_ + watch_.seconds());
  RoundReport report;
  report.index = clock_.rounds();
  report.first_step = clock_.span().first_step;
  clock_.end({meeting.divergence, meeting.mean_value,
              clock_.rule().wants_seconds() ? meeting.clock : clock_.measured().seconds});
  progress.seconds.averaging += watch.seconds();
  report.round = round();
  report.loss = meeting.mean_value;
  report.learning_rate = parts_.learning_rate.at(step() - 1);
  report.divergence = meeting.divergence;
  report.bytes_per_worker = meeting.bytes_per_worker;
  if (parts_.inner_meeting && !clock_.averages_gradients())
    report.inner_bytes_per_worker =
        parts_.inner_meeting->bytes_per_worker(round().steps, static_cast<int64_t>(anchor_.bytes()));
  return report;
}

std::vector<double> Synchronous::round_losses() const {
  std::vector<double> losses = loss_sums_;
  for (double& loss : losses) loss /= static_cast<double>(round().steps);
  return losses;
}

void Synchronous::assign_to_replicas(const Vector& parameters) {
  parts_.pool.run(options_.hosted_workers, [&](int64_t hosted) {
    replicas_[static_cast<size_t>(hosted)]->parameters().copy_from(parameters);
  });
}

std::vector<Vector> Synchronous::vectors_of(Vector& (Replica::*vector)()) {
  std::vector<Vector> vectors;
  for (auto& replica : replicas_) vectors.push_back(((*replica).*vector)());
  return vectors;
}

Vector Synchronous::mean_parameters() {
  if (!anchor_is_current_) return replicas_[0]->parameters();
  if (!clock_.in_round() && meetings_->replicas_agree()) return anchor_;
  if (!mean_.defined()) mean_ = uninitialised_vector(anchor_.size(), anchor_.type());
  parts_.averager.average(vectors_of(&Replica::parameters), mean_, false, false,
                          deadline_in(options_.deadline));
  return mean_;
}

void Synchronous::copy_mean_buffers(Vector& out) {
  if (out.size() == 0) return;
  parts_.averager.average(vectors_of(&Replica::buffers), out, false, false, deadline_in(options_.deadline));
}

void Synchronous::start_from(const Vector& parameters, const Vector& buffers) {
  invariant(step() == 0 && !clock_.in_round(), "a run that has begun cannot start from other weights");
  anchor_.copy_from(parameters);
  for (auto& replica : replicas_) {
    replica->parameters().copy_from(parameters);
    replica->buffers().copy_from(buffers);
  }
}

std::string Synchronous::worker_name(size_t hosted) const {
  return "worker" + std::to_string(worker_number(static_cast<int64_t>(hosted)));
}

}  // namespace muster::inline method
