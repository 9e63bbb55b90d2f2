#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/schedule/sync_schedule.h"
#include "muster/theory/convex/delayed_local_sgd.h"
#include "muster/theory/convex/local_sgd.h"
#include "muster/theory/convex/visited_gradients.h"

namespace muster::inline theory {

struct ConvexCurvePoint {
  int64_t step = 0;
  double gap_last = 0;      ///< f - f* of the newest iterate
  double gap_weighted = 0;  ///< of the weighted average
};

/// One run of a method on a convex problem, evaluated whenever 15 % more steps are done and at its end. Local
/// SGD meets by a schedule, and after the last step; the delayed form meets by its own period.
class ConvexRun {
 public:
  /// `problem` is borrowed. A schedule that needs the loss gets the full f at each meeting.
  ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method, int64_t steps,
            std::unique_ptr<SyncSchedule> schedule);
  /// Meets every `period` steps.
  ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method, int64_t steps,
            int64_t period);
  ConvexRun(const ConvexProblem& problem, double optimum, const LocalSgdOptions& method, int64_t steps,
            DelayOptions delay);

  /// Advances to the next evaluation; false at the end. Throws NonFiniteError when the iterate is infinite.
  bool advance();

  int64_t step() const { return method_->step(); }
  int64_t steps() const { return steps_; }
  int64_t rounds() const { return rounds_; }
  int64_t longest_period() const { return longest_period_; }
  const std::vector<ConvexCurvePoint>& curve() const { return curve_; }
  std::vector<double> last() const { return method_->last(); }
  /// sigma^2 and G^2 of Stich's theorem over the iterates that the run visited: at every evaluation the mean,
  /// and up to four workers before their meeting.
  const GradientBounds& gradient_bounds() const { return visited_.bounds(); }
  /// Seconds of training alone: draws, steps, weighted average and meetings, without evaluations.
  double training_seconds() const { return training_seconds_; }

 private:
  void train(int64_t until);
  void train_by_schedule(int64_t until);
  void train_by_period(int64_t until);
  Round next_round();
  void look();

  const ConvexProblem& problem_;
  double optimum_;
  LocalSgdOptions options_;
  int64_t steps_;
  std::unique_ptr<ConvexMethod> method_;
  LocalSgd* synchronous_ = nullptr;     ///< method_, where it is synchronous; else null
  DelayedLocalSgd* delayed_ = nullptr;  ///< method_, where it is the delayed form; else null
  std::unique_ptr<SyncSchedule> schedule_;
  int64_t period_ = 0;  ///< without a schedule
  int64_t rounds_ = 0, longest_period_ = 0, planned_ = 0;
  double next_look_ = 1;
  double training_seconds_ = 0;
  std::vector<ConvexCurvePoint> curve_;
  VisitedGradients visited_;
};

/// The longest round of a schedule over a run, where it is known beforehand; else `steps`.
int64_t longest_round(SyncSchedule& schedule, const ConvexStepSize& step_size, int64_t steps);

}  // namespace muster::inline theory
