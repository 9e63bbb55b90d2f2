#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/comm/averager.h"
#include "muster/method/batch_ahead.h"
#include "muster/method/progress.h"
#include "muster/method/replica.h"
#include "muster/method/worker_steps.h"
#include "muster/optim/outer_optimizer.h"
#include "muster/rounds/inner_meeting.h"
#include "muster/rounds/meetings.h"
#include "muster/rounds/overlap_options.h"
#include "muster/rounds/round_clock.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/samplers/sampler.h"

namespace muster::inline method {

struct SynchronousOptions {
  int64_t total_steps = 0;
  int64_t hosted_workers = 1;  ///< replicas in this process; the whole run has this times the group's size
  uint64_t seed = 0;           ///< of dropout and the like
  double clip = 0;             ///< largest global gradient norm; 0: no clipping
  int64_t loader_threads = 0;  ///< that make batches ahead of the workers; 0: every worker makes its own
  MomentsAtMeeting at_meeting = MomentsAtMeeting::keep;
  std::chrono::milliseconds deadline =
      std::chrono::minutes(10);  ///< for a meeting, before a peer counts as lost
  OverlapOptions overlap{};      ///< whether the workers keep training while a meeting is in flight
};

/// Makes the inner optimizer of one replica.
using InnerOptimizerFactory = std::function<std::unique_ptr<InnerOptimizer>(const Layout&, ElementType)>;

/// The parts of the method. What is borrowed must outlive it.
struct SynchronousParts {
  const Task& task;
  const Sampler& sampler;
  ThreadPool& pool;
  Averager& averager;
  const LearningRate& learning_rate;
  std::unique_ptr<SyncSchedule> schedule;
  std::unique_ptr<OuterOptimizer> outer;
  InnerOptimizerFactory make_inner;
  InnerMeeting* inner_meeting = nullptr;  ///< of groups of workers, within a round; null: none
};

/// Synchronous local training: rounds of local steps that end in a meeting of all workers. The schedule says
/// how long a round is and whether it averages parameters after its steps (Local SGD, Stich 2019; Local
/// AdamW, Gu et al. 2024) or gradients before them (data parallel training).
class Synchronous {
 public:
  Synchronous(SynchronousParts parts, SynchronousOptions options);

  /// Makes at most `at_most` (>= 1) local steps of every worker; returns early at a meeting, and nullopt when
  /// the run is over. Throws NonFiniteError when a loss or the parameters are no longer finite. After
  /// LostPeer the round's local steps are done and nothing else has changed: once the averager has another
  /// group (and regrouped() was called), the next call goes on with the meeting.
  std::optional<Progress> advance(int64_t at_most);
  int64_t step() const { return clock_.step(); }  ///< steps done
  State state() const;
  void restore(const State& state);

  /// The averaged model as of now, valid until the next step: after a meeting the anchor, else the mean of
  /// all replicas (its memory is allocated on first use). Changes nothing. Collective where there are several
  /// processes: all call it at the same step.
  Vector mean_parameters();
  /// Whether all replicas are equal, on every rank, between rounds: not so where meetings overlap with steps.
  bool replicas_agree() const { return meetings_->replicas_agree(); }
  void copy_mean_buffers(Vector& out);

  /// Starts every worker from these values instead of the task's own. REQUIRES: no step done.
  void start_from(const Vector& parameters, const Vector& buffers);

  /// Must be called after the group has changed, and with it perhaps the numbers and samples of this
  /// process's workers: discards the batches made ahead.
  void regrouped();
  /// Rounds completed by this process: the number of meetings whose outcomes it holds.
  int64_t rounds() const { return clock_.rounds() + meetings_->outcomes(); }
  /// The earliest step of the next meeting: the end of the running round, else the present step.
  int64_t round_end() const { return clock_.next_meeting(); }
  /// The vectors that are equal in all processes between rounds, by name: the anchor and the outer
  /// optimizer's.
  std::map<std::string, Vector> shared_vectors() const;
  /// The state that a newcomer needs: all that the workers have in common (within a round its value at the
  /// round's start, from which the newcomer makes the round's steps), and the moments and buffers of the
  /// first hosted worker.
  State state_for_newcomers() const;
  void adopt(const State& state);

  const std::vector<std::unique_ptr<Replica>>& replicas() const { return replicas_; }
  /// The running round, or between rounds the last one.
  const Round& round() const { return clock_.round(); }
  /// The number, in the whole run, of the worker that hosted replica `hosted` is.
  int64_t worker_number(int64_t hosted) const;
  /// Its name in state(): "worker3".
  std::string worker_name(size_t hosted) const;

 private:
  void initialise();
  State common_state() const;
  void restore_common(const State& state);
  void begin_round();
  BatchAheadOptions batch_options() const;
  void run_steps(int64_t steps, Progress& progress);
  void run_local_steps(int64_t steps, Progress& progress);
  void run_data_parallel_step(Progress& progress);
  void run_grouped_step(Progress& progress);
  int64_t meet_inside(Progress& progress);
  bool compute_gradients(Progress& progress);
  void apply_gradients(Progress& progress);
  double compute_gradient(int64_t hosted, int64_t step, StepSeconds& spent);
  void apply_gradient(int64_t hosted, int64_t step, StepSeconds& spent);
  void on_all_workers(int64_t steps, Progress& progress, const WorkerSteps& body);
  void record_losses(int64_t steps, Progress& progress);
  RoundReport end_round(Progress& progress);
  std::unique_ptr<Meetings> make_meetings();
  int64_t steps_until_due() const;
  void proceed(Progress& progress);
  std::vector<double> round_losses() const;
  void assign_to_replicas(const Vector& parameters);
  std::vector<Vector> vectors_of(Vector& (Replica::*vector)());

  SynchronousParts parts_;
  SynchronousOptions options_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  Vector anchor_;
  Vector mean_;  // see mean_parameters()
  std::unique_ptr<Meetings> meetings_;
  std::vector<double> losses_;  ///< of the running call: [worker][step]
  RoundClock clock_;
  bool anchor_is_current_ =
      true;  ///< false while gradients are averaged: then replica 0 holds the parameters
  std::vector<double> loss_sums_;         ///< over the running round's steps, of every hosted worker
  Stopwatch watch_;                       // of the present advance()
  double training_seconds_ = 0;           // of those before it
  std::optional<Meeting> gradients_met_;  ///< in the running round
  Progress unreported_;                   ///< of a call that lost a peer at the meeting
  std::unique_ptr<BatchAhead> batches_;   ///< from the present step on; made by the first step
};

}  // namespace muster::inline method
