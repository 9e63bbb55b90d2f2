#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "muster/comm/averager.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"
#include "muster/optim/inner_optimizer.h"
#include "muster/optim/outer_optimizer.h"
#include "muster/rounds/round_span.h"
#include "muster/schedule/step_rate.h"

namespace muster::inline rounds {

/// What a meeting does with the inner optimizers' momentum and moments: every worker keeps its own, they are
/// averaged like the parameters, or they begin anew (which also restarts AdamW's bias correction).
enum class MomentsAtMeeting { keep, average, reset };

/// One hosted worker, as meetings see it.
struct MeetingWorker {
  Vector parameters;
  InnerOptimizer* optimizer = nullptr;  ///< null: the user's own, which keeps its moments
};

/// What meetings work on. Borrowed.
struct MeetingParts {
  std::vector<MeetingWorker> workers;
  Vector& anchor;  ///< undefined where plain averaging needs none
  Averager& averager;
  OuterOptimizer& outer;
  const StepRate& learning_rate;
};

struct MeetingOptions {
  MomentsAtMeeting at_meeting = MomentsAtMeeting::keep;
  bool measure_divergence = false;
  bool measure_seconds = false;
  std::chrono::milliseconds deadline = std::chrono::minutes(10);
};

/// How the workers' parameters become a mean, between the local steps and at a round's end. A call that
/// throws LostPeer has changed nothing but what it applied before: once the averager has another group and
/// regrouped() was called, the same call goes on.
class Meetings {
 public:
  virtual ~Meetings() = default;
  /// Whether rounds that average gradients at every step may come between the others.
  virtual bool allow_gradient_rounds() const = 0;
  /// A round that averages parameters begins.
  virtual void begin_round(const RoundSpan& round) = 0;
  /// Local steps until proceed() has something to do (perhaps beyond the round); 0: now.
  virtual int64_t steps_until_due(int64_t step) const = 0;
  /// Does what is due at this step.
  virtual void proceed(int64_t step) = 0;
  /// All of the round's steps are done, and what was due. `losses`: of every hosted worker, over the round;
  /// `clock`: this process's, in seconds; exchanged where seconds are measured.
  virtual Meeting end_round(const std::vector<double>& losses, double clock) = 0;
  /// Between rounds the replicas equal the anchor, on every rank.
  virtual bool replicas_agree() const = 0;
  /// Number of meetings applied within rounds: with the number of rounds it says how far a process is.
  virtual int64_t outcomes() const { return 0; }
  /// The averager has another group: what is under way is lost, and is made anew.
  virtual void regrouped() {}

  /// What all workers have in common; empty where nothing is under way between two calls.
  virtual State state() const { return {}; }
  virtual void restore(const State&, const RoundSpan&) {}
  /// Of hosted worker `hosted`.
  virtual State worker_state(size_t hosted) const {
    (void)hosted;
    return {};
  }
  virtual void restore_worker(size_t hosted, const State& state) { (void)hosted, (void)state; }
  /// The residuals of error feedback, by worker.
  virtual State codec_state() const = 0;
  virtual void restore_codec(const State& state) = 0;
};

}  // namespace muster::inline rounds
