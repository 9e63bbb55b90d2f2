#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/base/thread_pool.h"
#include "muster/comm/averager.h"
#include "muster/comm/communicator.h"
#include "muster/flat/parameter_source.h"
#include "muster/flat/state.h"
#include "muster/optim/outer_optimizer.h"
#include "muster/rounds/round_clock.h"
#include "muster/rounds/whole_meetings.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline local_updates {

/// Makes an outer optimizer for an anchor of `size` elements of `type`.
using OuterOptimizerFactory = std::function<std::unique_ptr<OuterOptimizer>(int64_t size, ElementType type)>;

struct LocalUpdatesOptions {
  OuterOptimizerFactory
      outer{};  ///< what a meeting does with the mean; empty: the mean is taken (PlainAverage)
  bool measure_divergence = false;  ///< also for rules that do not ask: costs a pass and a number per meeting
  bool measure_loss = false;        ///< the same for the mean loss; step() must then be given the loss
  std::chrono::milliseconds deadline =
      std::chrono::minutes(10);  ///< for a meeting, before a peer counts as lost
};

/// What a meeting leaves behind; the same on every rank.
struct MeetingReport {
  int64_t index = 0;       ///< 0-based number of the round that it ended
  int64_t first_step = 0;  ///< of that round
  int64_t steps = 0;       ///< H; more than the rule asked for where an earlier meeting was prevented
  Average what = Average::parameters;
  double learning_rate = 0;            ///< of the round's last step
  std::optional<double> divergence{};  ///< where it was measured, see RoundStart
  std::optional<double> loss{};        ///< where it was measured: mean over the round's steps and all ranks
  int64_t bytes_per_worker = 0;        ///< parameters or gradients that one rank handed in
};

/// Makes a training loop of one's own a local gradient method: every rank trains its own copy of the model,
/// and the ranks average when the rule says so.
///
///     auto group = muster::join_group();
///     muster::LocalUpdates local(model->parameters(), *group,
///                                muster::ConstantPeriod{{.base_period = 8}}, steps);
///     for (...) {
///       optimizer.zero_grad();
///       loss.backward();
///       optimizer.step();
///       local.step(learning_rate);
///     }
///
/// At the start every rank takes the parameters of rank 0. `parameters` is anything for which ParametersOf is
/// specialised: a vector of at::Tensor (muster/libtorch/local_updates.h), or Segments, pointers and strides
/// (muster/flat/segments.h). They are found anew at every meeting (ParameterSource::refresh). A meeting is
/// one mean of all trained elements, given to the outer optimizer and written back. What is frozen takes rank
/// 0's values once and never travels again. Buffers are left alone; see average().
///
/// Rules that average gradients in some rounds (EveryStep, and PostLocal before its switch) need
/// `local.average_gradients(learning_rate)` between backward() and optimizer.step(); in rounds that average
/// parameters it does nothing, so a loop that calls it serves every rule. Such ranks stay bit for bit the
/// same as long as their optimizers began the same: averaging gradients is for the beginning of a run, or all
/// of it.
///
/// A meeting is all or nothing: when it throws, the rank's parameters are as its own steps left them.
/// One rank alone trains exactly as without Muster (with the plain average, to the bit). Every rank calls the
/// same members in the same order. Not for two threads at once.
class LocalUpdates {
 public:
  /// `group` is borrowed. Collective: waits for all ranks. Throws Error for parameters that their source
  /// refuses, and (on every rank) where the ranks differ in parameters, total_steps or what they measure;
  /// OptionError where total_steps or the deadline are below 1; LostPeer.
  LocalUpdates(std::unique_ptr<ParameterSource> parameters, Communicator& group,
               std::unique_ptr<SyncSchedule> schedule, int64_t total_steps, LocalUpdatesOptions options = {});

  /// The same for a user's own type of parameters.
  template <HasParameters P>
  LocalUpdates(const P& parameters, Communicator& group, std::unique_ptr<SyncSchedule> schedule,
               int64_t total_steps, LocalUpdatesOptions options = {})
      : LocalUpdates(ParametersOf<P>::parameters(parameters), group, std::move(schedule), total_steps,
                     std::move(options)) {}

  /// The same with a rule by value: QuadraticRule{{.base_period = 4, .growth = 0.0175}}, or one's own.
  template <HasParameters P, class Rule>
  requires std::derived_from<std::remove_cvref_t<Rule>, SyncSchedule> LocalUpdates(
      const P& parameters, Communicator& group, Rule&& rule, int64_t total_steps,
      LocalUpdatesOptions options = {})
      : LocalUpdates(ParametersOf<P>::parameters(parameters), group,
                     std::make_unique<std::remove_cvref_t<Rule>>(std::forward<Rule>(rule)), total_steps,
                     std::move(options)) {}

  LocalUpdates(const LocalUpdates&) = delete;
  LocalUpdates& operator=(const LocalUpdates&) = delete;

  /// Between backward() and optimizer.step(): where the running round averages gradients, .grad <- mean over
  /// the ranks (a parameter without gradient counts as zero, and stays without one where no rank has one);
  /// else nothing. True where it averaged. `learning_rate`: of this step. Throws Error when called twice in a
  /// step or after the last step; LostPeer, and then the gradients are as they were and it may be called
  /// again.
  bool average_gradients(double learning_rate);

  /// After optimizer.step(): counts the step, and meets the others where the round ends; then returns what
  /// the meeting found. `learning_rate`: of the step just done, from which the rule sees the round's first
  /// rate. `loss`: of the step, for rules that use it (SyncSchedule::wants_loss) or measure_loss; otherwise
  /// ignored. Throws Error, with nothing counted, after the last step, for a bad learning rate, where a loss
  /// is wanted and missing, or where a round of gradients lacks its average_gradients(). Throws LostPeer,
  /// with the step counted: the round stays open, and the meeting is tried again by meet(), or by the step()
  /// after one more local step. Throws NonFiniteError, on every rank, where the mean loss is not finite.
  std::optional<MeetingReport> step(double learning_rate, std::optional<double> loss = std::nullopt);

  /// Holds the meeting that a lost peer has prevented; nothing where none is due. Throws as step().
  std::optional<MeetingReport> meet();

  /// Goes on in another group, such as one without the lost peer; borrowed. Collective in that group. Throws
  /// Error (on every rank of it, which then keep the group they had) where the ranks stand at different
  /// steps.
  void use_group(Communicator& group);

  /// Values <- their mean over the ranks, at any time, for example BatchNorm's running statistics before an
  /// evaluation: local.average(model->buffers()). Integers are left as they are. Collective; all or nothing.
  /// Throws Error, LostPeer.
  template <HasValues P>
  void average(const P& values) {
    average(*ParametersOf<P>::values(values));
  }
  void average(ValueSource& values);

  int64_t steps_done() const { return clock_.step(); }
  int64_t total_steps() const { return clock_.total_steps(); }
  bool in_round() const {
    return clock_.in_round();
  }  ///< false right after a meeting, and before the first step
  /// The running round, or between rounds the last one.
  const Round& round() const { return clock_.round(); }
  /// The trained parameters as one vector. Shares their memory where they lie one behind the other
  /// (ParameterSource::whole); otherwise a copy, as they are now.
  Vector parameters();

  /// Everything of this rank but the user's optimizer: parameters, anchor, schedule, outer optimizer and the
  /// place in the round. CheckpointStore (muster/checkpoint/checkpoint.h) takes it to the disk and back.
  /// Tensors share memory with the live ones. Not between average_gradients() and step(): gradients are not
  /// kept.
  State state();
  /// Goes on bit for bit from state() of the same rank of a run with the same parameters and total_steps;
  /// between rounds, of any rank of any number of them. Throws CheckpointError, and changes nothing.
  void restore(const State& state);

 private:
  void begin_round(double learning_rate);
  void require_step(double learning_rate) const;
  void agree(Communicator& group) const;
  void broadcast_parameters();
  void gather();
  void scatter();
  void exchange_gradients();
  std::optional<double> mean_loss(int64_t steps, Deadline deadline);
  void check_state(const State& state) const;

  Communicator& group() { return averager_->group(); }

  /// The rate of the step just done: all that is known of a user's rates.
  struct LastRate final : StepRate {
    double at(int64_t) const override { return rate; }
    double rate = 0;
  };

  ThreadPool pool_{1};
  std::optional<Averager> averager_;
  RoundClock clock_;
  LastRate last_rate_;
  std::unique_ptr<OuterOptimizer> outer_;
  LocalUpdatesOptions options_;
  std::unique_ptr<ParameterSource> source_;
  Vector vector_;            // the trained parameters: theirs, or a copy
  Vector anchor_;            // undefined for a plain mean, which needs none
  Vector packed_gradients_;  // made when first wanted

  std::optional<WholeMeetings> meetings_;
  std::optional<double> announced_rate_;  // set from average_gradients() to step()
  double loss_sum_ = 0;                   // over the running round's steps
  Stopwatch watch_;
  double seconds_before_ = 0;  // of the run that was restored
};

}  // namespace muster::inline local_updates
