#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/comm/averager.h"
#include "muster/method/batch_ahead.h"
#include "muster/method/method.h"
#include "muster/method/replica.h"
#include "muster/method/worker_steps.h"
#include "muster/optim/outer_optimizer.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/sampler.h"

namespace muster {

/// What a meeting does with the inner optimizers' momentum and moments: every worker keeps its own, they are
/// averaged like the parameters, or they begin anew (which also restarts AdamW's bias correction).
enum class MomentsAtMeeting { keep, average, reset };

struct SynchronousOptions {
  int64_t total_steps = 0;
  int64_t hosted_workers = 1;  ///< replicas in this process; the whole run has this times the group's size
  uint64_t seed = 0;           ///< of dropout and the like
  double clip = 0;             ///< largest global gradient norm; 0: no clipping
  int64_t loader_threads = 0;  ///< that make batches ahead of the workers; 0: every worker makes its own
  MomentsAtMeeting at_meeting = MomentsAtMeeting::keep;
  std::chrono::milliseconds deadline =
      std::chrono::minutes(10);  ///< for a meeting, before a peer counts as lost
};

/// Makes the inner optimizer of one replica.
using InnerOptimizerFactory = std::function<std::unique_ptr<InnerOptimizer>(const Layout&, at::ScalarType)>;

/// What the method is put together from. What is borrowed must outlive it.
struct SynchronousParts {
  const Task& task;
  const Sampler& sampler;
  ThreadPool& pool;
  Averager& averager;
  const LearningRate& learning_rate;
  std::unique_ptr<SyncSchedule> schedule;
  std::unique_ptr<OuterOptimizer> outer;
  InnerOptimizerFactory make_inner;
};

/// Synchronous local training: rounds of local steps that end in a meeting of all workers. The schedule says
/// how long a round is and whether it averages parameters after its steps (Local SGD, Stich 2019; Local
/// AdamW, Gu et al. 2024) or gradients before them (data parallel training).
class Synchronous : public Method {
 public:
  Synchronous(SynchronousParts parts, SynchronousOptions options);

  /// After LostPeer nothing has changed but that the round's local steps are done: once the averager has
  /// another group (and regrouped() was called), the next call goes on with the meeting.
  std::optional<Progress> advance(int64_t at_most) override;
  int64_t step() const override { return step_; }
  State state() const override;
  void restore(const State& state) override;

  /// The averaged model as of now: the anchor after a meeting, else the mean of all replicas. Changes
  /// nothing. Collective where there are several processes: all call it at the same step.
  void copy_mean_parameters(at::Tensor& out);
  void copy_mean_buffers(at::Tensor& out);

  /// Starts every worker from these values instead of the task's own. REQUIRES: no step done.
  void start_from(const at::Tensor& parameters, const at::Tensor& buffers);

  /// The group has changed, and with it perhaps what this process's workers are called and read.
  void regrouped();
  /// Rounds behind this process: which meetings' outcomes it holds.
  int64_t rounds() const { return round_index_; }
  /// The local steps of the round are done and its meeting is not.
  bool meeting_pending() const { return in_round_ && step_ == round_start_ + round_.steps; }
  /// What a process needs to take part from the next round on: all that the workers have in common, and the
  /// first hosted worker as the one to start from. REQUIRES: between rounds.
  State state_for_newcomers() const;
  void adopt(const State& state);

  const std::vector<std::unique_ptr<Replica>>& replicas() const { return replicas_; }
  /// The running round, or between rounds the last one.
  const Round& round() const { return round_; }
  /// The worker of the whole run that hosted replica `hosted` is.
  int64_t worker_number(int64_t hosted) const;
  /// Its name in state(): "worker3".
  std::string worker_name(size_t hosted) const;

 private:
  State common_state() const;
  void restore_common(const State& state);
  void begin_round();
  BatchAheadOptions batch_options() const;
  void run_steps(int64_t steps, Progress& progress);
  void run_local_steps(int64_t steps, Progress& progress);
  void run_data_parallel_step(Progress& progress);
  double compute_gradient(int64_t hosted, int64_t step, StepSeconds& spent);
  void apply_gradient(int64_t hosted, int64_t step, StepSeconds& spent);
  void on_all_workers(int64_t steps, Progress& progress, const WorkerSteps& body);
  void record_losses(int64_t steps, Progress& progress);
  RoundReport end_round(Progress& progress);
  Meeting meet();
  std::vector<double> round_losses() const;
  void assign_to_replicas(const at::Tensor& parameters);
  at::Tensor& scratch();  ///< as long as the parameters; made when first wanted
  std::vector<at::Tensor> vectors_of(at::Tensor& (Replica::*vector)());

  SynchronousParts parts_;
  SynchronousOptions options_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  at::Tensor anchor_;
  at::Tensor scratch_;
  std::vector<double> losses_;  ///< of the running call: [worker][step]

  int64_t step_ = 0;
  int64_t round_index_ = 0;
  int64_t round_start_ = 0;
  Round round_{0, Average::parameters};  ///< of the running or the last round
  bool in_round_ = false;
  bool anchor_is_current_ =
      true;  ///< false while gradients are averaged: then replica 0 holds the parameters
  std::vector<double> loss_sums_;  ///< over the running round's steps, of every hosted worker
  std::optional<double> last_divergence_, last_round_loss_;
  std::optional<Meeting> gradients_met_;  ///< in the running round
  Progress unreported_;                   ///< of a call that lost a peer at the meeting
  std::unique_ptr<BatchAhead> batches_;   ///< from the present step on; made by the first step
};

}  // namespace muster
