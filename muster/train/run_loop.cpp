#include "muster/train/run_loop.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/comm/state_exchange.h"
#include "muster/flat/finite.h"
#include "muster/flat/vector.h"
#include "muster/train/equality.h"
#include "muster/train/event_values.h"
#include "muster/train/rank_state.h"

namespace muster::inline train {

namespace {

/// Approximate seconds between two checks for signals, progress and due work.
constexpr double slice_seconds = 0.4;

int64_t steps_to_multiple(int64_t step, int64_t every) { return every - step % every; }

}  // namespace

RunLoop::RunLoop(Synchronous& method, Evaluation& evaluation, RunRecord& record, RunPlace place,
                 RunLoopOptions options)
    : method_(method),
      evaluation_(evaluation),
      record_(record),
      place_(place),
      options_(std::move(options)),
      buffers_(flat_vector(evaluation.buffers().size(), evaluation.type())) {}

bool RunLoop::restore(const std::optional<Checkpoint>& checkpoint) {
  Communicator& group = place_.averager.group();
  std::vector<State> states;
  if (group.size() == 1) {
    if (checkpoint)
      restore(part_for_rank(checkpoint->state, static_cast<int64_t>(method_.replicas().size()), 0));
    return checkpoint.has_value();
  }
  if (group.rank() == 0)
    for (int rank = 0; rank < group.size(); ++rank)
      states.push_back(
          checkpoint ? part_for_rank(checkpoint->state, static_cast<int64_t>(method_.replicas().size()), rank)
                     : State{});
  const State mine = scatter_states(group, states, 0, deadline_in(options_.patience));
  if (mine.numbers.values().empty()) return false;
  restore(mine);
  return true;
}

void RunLoop::restore(const State& state) {
  method_.restore(state.part_of("method"));
  record_.restore(state.numbers.part_of("record"));
  if (place_.regrouping) place_.regrouping->restore_sharing(state.numbers.part_of("sampler"));
  earlier_seconds_ = record_.total_seconds;
}

RunLoop::Ended RunLoop::run() {
  try {
    return run_with_group();
  } catch (const NonFiniteError& error) {
    if (!place_.files) throw;
    place_.files->progress.end();
    const auto last = newest_checkpoint(place_.files->checkpoints.folder());
    throw NonFiniteError(std::string(error.what()) +
                         (last ? "; the last good checkpoint is " + *last : "; there is no checkpoint yet") +
                         "; a lower learning_rate.peak or inner.clip may help");
  } catch (const DataError& error) {
    if (!place_.files || data_problem_) throw;
    place_.files->progress.end();
    const auto last = newest_checkpoint(place_.files->checkpoints.folder());
    if (!last) throw;
    throw DataError(std::string(error.what()) + "; the last good checkpoint is " + *last);
  } catch (const LostPeer&) {
    // A process alone loses no peer; it throws where a successor has taken the run's files from it.
    if (!place_.regrouping || place_.regrouping->alone()) throw;
  }
  return regroup(true);
}

// Without a store the present group goes on to its next meeting; once that group is lost, each process is
// alone.
RunLoop::Ended RunLoop::regroup(bool lost_a_peer) {
  const Regrouping::Outcome outcome = place_.regrouping->regroup();
  if (outcome == Regrouping::Outcome::no_store && lost_a_peer) place_.regrouping->go_alone();
  return outcome == Regrouping::Outcome::begins_again ? Ended::begins_again : Ended::regrouped;
}

// Some processes may have completed a checkpoint in which another lost its peers: in a new group all make it
// again, or none does.
void RunLoop::agree_on_checkpoint() {
  if (!place_.regrouping || place_.averager.group().size() == 1) return;
  const int64_t generation = place_.member->generation().number;
  if (generation == agreed_generation_) return;
  checkpoint_wanted_ =
      place_.averager.mean_of(checkpoint_wanted_ ? 1.0 : 0.0, deadline_in(options_.patience)) > 0;
  agreed_generation_ = generation;
}

RunLoop::Ended RunLoop::run_with_group() {
  agree_on_checkpoint();
  if (checkpoint_wanted_) save_checkpoint();
  while (const auto progress = method_.advance(announce(steps_until_next_due()))) {
    after_advance(*progress);
    const bool last = progress->step == options_.total_steps;
    const bool stop = stop_here(*progress) && !last;
    checkpoint_wanted_ = checkpoint_due(*progress) || stop || last;
    if (checkpoint_wanted_) save_checkpoint();
    if (stop && data_problem_)
      throw DataError(why_unwritten_.empty() ? *data_problem_ + " and resume from the checkpoint of step " +
                                                   std::to_string(progress->step) + ", which is written"
                                             : *data_problem_ + "; besides, " + why_unwritten_);
    if (stop) return Ended::stopped;
    if (!why_unwritten_.empty() && !last) return Ended::unwritten;
    if (group_is_due(*progress)) return regroup(false);
  }
  return Ended::finished;
}

// Deaths are checked for between steps, so that peers that wait for this process's answer do not wait for the
// end of its round. Newcomers are admitted at a meeting.
bool RunLoop::group_is_due(const Progress& progress) const {
  if (!place_.regrouping || progress.step == options_.total_steps || place_.member->store_gone())
    return false;
  return place_.member->broken() || place_.member->store_lost() ||
         (progress.round && place_.member->newcomers());
}

bool RunLoop::checkpoint_due(const Progress& progress) const {
  const int64_t every = options_.checkpoint_every;
  if (every == 0) return false;
  if (options_.checkpoint_between_meetings) return progress.step % every == 0;
  return progress.round && progress.step / every > progress.round->first_step / every;
}

void RunLoop::verify() {
  std::vector<Shared> vectors;
  const auto& replicas = method_.replicas();
  for (size_t i = 0; i < replicas.size() && method_.replicas_agree(); ++i)
    vectors.push_back(
        {i == 0 ? "worker" : "worker " + std::to_string(i) + " of its process", replicas[i]->parameters()});
  for (const auto& [name, vector] : method_.shared_vectors()) vectors.push_back({name, vector});
  require_equal_on_all_ranks(place_.averager.group(), vectors, evaluation_.parameters(),
                             deadline_in(options_.patience));
}

// A process that is asked to stop informs the others; all go on to the step that the most advanced one has
// reached. Without the store they agree at a meeting.
bool RunLoop::stop_here(const Progress& progress) {
  GroupMember* const member = place_.member;
  if (!data_problem_) data_problem_ = evaluation_.data_problem();
  if (!member) return wants_to_stop();
  if (member->store_gone()) {
    place_.averager.raise_flag();
    return progress.round && (place_.averager.group().size() == 1 || place_.averager.flag_raised());
  }
  if (member->store_lost()) return false;  // it may come back: see group_is_due()
  if (progress.round && place_.averager.flag_raised()) return true;
  try {
    return agreed_to_stop();
  } catch (const LostPeer&) {
    if (!member->store_lost()) throw;
    return false;  // checked again, as above, after the next steps
  }
}

bool RunLoop::wants_to_stop() const { return place_.stop.requested() || data_problem_.has_value(); }

bool RunLoop::agreed_to_stop() {
  GroupMember& member = *place_.member;
  if (wants_to_stop() && !asked_to_stop_) {
    member.ask_to_stop();
    asked_to_stop_ = true;
  }
  if (!stop_step_ && member.stop_wanted()) {
    stop_step_ = member.stop_step(method_.step(), options_.patience);
    if (!stop_step_) throw LostPeer("the processes did not agree on a step to stop at");
  }
  return stop_step_ && method_.step() >= *stop_step_;
}

// Publishes the step that is reported for this process where another one stops while it waits at a meeting:
// that meeting lies at this step or before it.
int64_t RunLoop::announce(int64_t steps) {
  if (place_.member) place_.member->stands_at(method_.step() + steps);
  return steps;
}

int64_t RunLoop::steps_until_next_due() const {
  const int64_t step = method_.step();
  auto steps = std::max<int64_t>(1, static_cast<int64_t>(std::min(1e6, slice_seconds / seconds_per_step_)));
  if (options_.checkpoint_every > 0)
    steps = std::min(steps, steps_to_multiple(step, options_.checkpoint_every));
  if (options_.evaluate_every > 0) steps = std::min(steps, steps_to_multiple(step, options_.evaluate_every));
  if (stop_step_) steps = std::min(steps, std::max<int64_t>(1, *stop_step_ - step));
  if (place_.probing && place_.probing->wants_workers(record_.rounds + 1))
    steps = std::min(steps, Probing::steps_to_workers(method_));
  return steps;
}

void RunLoop::after_advance(const Progress& progress) {
  record_.add(progress, options_.total_steps - options_.steps_per_epoch);
  const TimeByPart& spent = progress.seconds;
  const double per_step =
      (spent.compute + spent.waiting + spent.averaging + spent.data) / std::max<int64_t>(1, progress.steps);
  seconds_per_step_ = std::max(1e-7, 0.5 * seconds_per_step_ + 0.5 * per_step);
  if (progress.steps > 0)
    recent_loss_ = std::accumulate(progress.losses.begin(), progress.losses.end(), 0.0) /
                   static_cast<double>(progress.steps);
  const bool evaluated = evaluation_due(progress.round.has_value());
  try {
    if (evaluated) evaluate();
  } catch (const LostPeer&) {
    if (progress.round) write_round(progress, false);
    throw;
  }
  if (progress.round)
    write_round(progress, evaluated);
  else if (evaluated)
    write_evaluation();
  if (place_.probing) probe(progress);
  if (progress.round && options_.verify_every > 0 && record_.rounds % options_.verify_every == 0) verify();
  show_progress();
}

bool RunLoop::evaluation_due(bool at_meeting) const {
  if (options_.evaluate_every == 0 || method_.step() == options_.total_steps) return false;
  if (!at_meeting && !options_.evaluate_between_meetings) return false;
  const int64_t last = record_.evaluated ? record_.evaluated->step : 0;
  return method_.step() / options_.evaluate_every > last / options_.evaluate_every;
}

void RunLoop::evaluate() {
  const Stopwatch watch;
  parameters_ = method_.mean_parameters();
  evaluation_.estimate_statistics(parameters_, buffers_);
  const Score score = evaluation_.score(parameters_, buffers_);
  const auto samples = static_cast<double>(score.samples);
  record_.evaluated =
      Evaluated{method_.step(), score.loss / samples, static_cast<double>(score.correct) / samples};
  record_.evaluation_seconds += watch.seconds();
  record_.round_evaluation_seconds += watch.seconds();
}

void RunLoop::write_round(const Progress& progress, bool evaluated) {
  // Also where nothing is written: a writer that takes over after a death reports its own round only.
  const TimeByPart spent = std::exchange(record_.round_seconds, {});
  const double evaluating = std::exchange(record_.round_evaluation_seconds, 0.0);
  const RoundReport& round = *progress.round;
  MetricsLine line;
  line.step = progress.step;
  line.round = record_.rounds;
  line.period = round.round.steps;
  line.average = round.round.what == Average::gradients ? "gradients" : "parameters";
  line.learning_rate = round.learning_rate;
  line.loss = round.loss;
  line.divergence = round.divergence;
  line.bytes_per_worker = round.bytes_per_worker;
  line.inner_bytes_per_worker = round.inner_bytes_per_worker;
  line.seconds = {spent.compute, spent.waiting, spent.averaging, spent.data, evaluating};
  const double training = spent.compute + spent.waiting + spent.averaging + spent.data;
  line.samples_per_second =
      training > 0 ? static_cast<double>(round.round.steps * options_.samples_per_step) / training : 0;
  if (evaluated) {
    line.test_loss = record_.evaluated->loss;
    line.test_accuracy = record_.evaluated->accuracy;
  }
  line.wall_seconds = wall_seconds();
  write_line(line);
}

void RunLoop::write_evaluation() {
  MetricsLine line;
  line.evaluation = true;
  line.step = method_.step();
  line.round = record_.rounds;
  line.test_loss = record_.evaluated->loss;
  line.test_accuracy = record_.evaluated->accuracy;
  line.seconds.evaluation = std::exchange(record_.round_evaluation_seconds, 0.0);
  line.wall_seconds = wall_seconds();
  write_line(line);
}

// Every process keeps the line, as any may become the writer.
void RunLoop::write_line(const MetricsLine& line) {
  record_.lines.add(line);
  if (!place_.files || !why_unwritten_.empty()) return;
  try {
    place_.files->metrics.write(line);
    place_.files->events.add(line.step, event_values(line));
  } catch (const FileError& error) {
    cannot_write("metrics.jsonl", error);
  }
}

void RunLoop::write_to(RunFiles* files) {
  place_.files = files;
  why_unwritten_.clear();
}

// A writer that was taken for lost and has a successor gets LostPeer: it lost its peers, not its disk.
void RunLoop::cannot_write(const std::string& what, const FileError& error) {
  place_.files->staging.require_present();
  if (why_unwritten_.empty()) why_unwritten_ = what + ": " + error.what();
}

// Workers are probed one step before a meeting, all else between rounds, by rank 0.
void RunLoop::probe(const Progress& progress) {
  const Stopwatch watch;
  if (!progress.round && place_.probing->wants_workers(record_.rounds + 1))
    place_.probing->look_at_workers(method_, place_.averager, options_.patience);
  if (!progress.round || !place_.probing->due(record_.rounds)) return;
  parameters_ = method_.mean_parameters();
  if (!place_.files) return;
  MetricsLine line;
  line.evaluation = true;
  line.step = method_.step();
  line.round = record_.rounds;
  line.probe = place_.probing->look(record_.rounds, parameters_);
  record_.evaluation_seconds += watch.seconds();
  line.seconds.evaluation = watch.seconds();
  line.wall_seconds = wall_seconds();
  if (!line.probe.empty()) write_line(line);
}

void RunLoop::require_finite_parameters() {
  const auto& replicas = method_.replicas();
  for (size_t i = 0; i < replicas.size(); ++i)
    if (!all_finite(replicas[i]->parameters()))
      throw NonFiniteError("parameters are no longer finite after step " +
                           std::to_string(method_.step() - 1) + " of worker " +
                           std::to_string(method_.worker_number(static_cast<int64_t>(i))));
}

// The state of all workers, on rank 0.
State RunLoop::whole_state() {
  Numbers record = record_.state();
  record.set("last_epoch_loss_sum",
             place_.averager.mean_of(record_.last_epoch_loss_sum, deadline_in(options_.patience)));
  State mine;
  mine.insert("method", method_.state());
  mine.numbers.insert("record", record);
  if (place_.regrouping) mine.numbers.insert("sampler", place_.regrouping->sharing());
  Communicator& group = place_.averager.group();
  if (group.size() == 1) return mine;
  State whole;
  for (State& part : gather_states(group, mine, 0, deadline_in(options_.patience))) {
    for (const auto& [name, value] : part.numbers.values())
      if (!whole.numbers.has(name))
        std::visit([&, &key = name](auto number) { whole.numbers.set(key, number); }, value);
    whole.tensors.merge(part.tensors);
  }
  return whole;
}

void RunLoop::save_checkpoint() {
  require_finite_parameters();
  const Stopwatch watch;
  parameters_ = method_.mean_parameters();
  method_.copy_mean_buffers(buffers_);
  record_.total_seconds = wall_seconds();
  if (place_.files) {
    try {
      place_.files->metrics.sync();
    } catch (const FileError& error) {
      cannot_write("metrics.jsonl", error);
    }
    record_.metrics_bytes = place_.files->metrics.position();
  }
  const State state = whole_state();
  if (place_.files) save(state);
  record_.lines.at_checkpoint();
  record_.checkpoint_seconds += watch.seconds();
  checkpoint_wanted_ = false;
}

// A failed checkpoint is written again, from the first byte: a file whose bytes once failed to reach the disk
// is not trusted.
void RunLoop::save(const State& state) {
  const NamedTensors model =
      named_tensors(evaluation_.parameters(), parameters_, evaluation_.buffers(), buffers_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      place_.files->checkpoints.save(method_.step(), model, state, options_.fingerprint);
      return say_checkpoint();
    } catch (const FileError& error) {
      if (attempt == 0) {
        place_.files->staging.require_present();
        continue;
      }
      cannot_write("the checkpoint of step " + std::to_string(method_.step()), error);
    }
  }
}

void RunLoop::say_checkpoint() {
  if (!place_.ledger) return;
  try {
    place_.ledger->say_checkpoint(method_.step());
  } catch (const LostPeer&) {
    // Only the launcher's last line would have named the checkpoint, and the launcher is gone.
  }
}

void RunLoop::show_progress() {
  const double now = session_.seconds();
  if (!place_.files || !place_.files->progress.due(now)) return;
  ProgressView view;
  view.step = method_.step();
  view.total_steps = options_.total_steps;
  view.round = record_.rounds;
  view.period = method_.round().steps;
  view.loss = recent_loss_;
  if (record_.evaluated) view.accuracy = record_.evaluated->accuracy;
  place_.files->progress.show(view, now);
}

NamedTensors RunLoop::finish() {
  if (place_.files) place_.files->progress.end();
  evaluate();
  write_evaluation();
  record_.last_epoch_loss_sum =
      place_.averager.mean_of(record_.last_epoch_loss_sum, deadline_in(options_.patience));
  record_.total_seconds = wall_seconds();
  return named_tensors(evaluation_.parameters(), parameters_, evaluation_.buffers(), buffers_);
}

}  // namespace muster::inline train
