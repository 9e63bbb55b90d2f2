#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "muster/rounds/round_span.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline rounds {

/// What a meeting measured, for the rule that decides the next round (see RoundStart).
struct RoundMeasures {
  std::optional<double> divergence{}, loss{}, seconds{};
};

/// Counts the steps of a run and says of each what it is: one of a round that averages gradients, one after
/// which all meet, or neither. Owns the rule, the place in the round, and what the last meeting measured.
class RoundClock {
 public:
  /// REQUIRES: a rule, total_steps >= 1.
  RoundClock(std::unique_ptr<SyncSchedule> rule, int64_t total_steps);

  const SyncSchedule& rule() const { return *rule_; }
  int64_t total_steps() const { return total_steps_; }
  int64_t step() const { return step_; }         ///< steps done
  int64_t rounds() const { return rounds_; }     ///< rounds ended; the number of the running one
  bool in_round() const { return in_round_; }    ///< false right after a meeting, and before the first step
  const Round& round() const { return round_; }  ///< the running one, or between rounds the last one
  bool averages_gradients() const { return round_.what == Average::gradients; }
  RoundSpan span() const;  ///< of the same round
  bool over() const { return step_ >= total_steps_ && !in_round_; }
  /// Steps that the running round still has; 0 or less: all are done, and it ends with a meeting.
  int64_t steps_left() const { return span().end() - step_; }
  bool due() const { return in_round_ && steps_left() <= 0; }
  /// The step at which the next meeting is at the earliest.
  int64_t next_meeting() const { return in_round_ ? span().end() : step_; }
  const RoundMeasures& measured() const { return measured_; }

  /// A round begins with the step that is next: asks the rule. `learning_rate`: of that step; `last`: of the
  /// one before, 0 where there is none. REQUIRES: no round runs, and the run is not over. Throws Bug where
  /// the rule's round passes the last step.
  void begin(double learning_rate, double last);
  /// So many steps of the running round are done.
  void advance(int64_t steps) { step_ += steps; }
  /// The running round has ended in a meeting that measured this.
  void end(const RoundMeasures& measured);
  /// The running round's steps are made anew.
  void rewind() { step_ = span().first_step; }

  /// All of it but the loss, which its owner names: "step", "round_index", "round_start", "round_steps",
  /// "round_averages_gradients", "in_round", "last_divergence", "last_seconds", "schedule.*".
  void save(Numbers& numbers) const;
  /// Throws CheckpointError, and changes nothing.
  void restore(const Numbers& numbers, std::optional<double> loss);

 private:
  std::unique_ptr<SyncSchedule> rule_;
  int64_t total_steps_;
  int64_t step_ = 0, rounds_ = 0, first_step_ = 0;
  Round round_{0, Average::parameters};
  bool in_round_ = false;
  RoundMeasures measured_;
};

}  // namespace muster::inline rounds
