#pragma once

#include <cstdint>
#include <optional>

#include "muster/base/numbers.h"

namespace muster::inline schedule {

/// What a meeting averages: gradients before the inner step (plain data parallel training) or parameters
/// after it.
enum class Average { gradients, parameters };

/// What is known when a round begins. Learning rates are per step.
struct RoundStart {
  int64_t step = 0;          ///< 0-based index of the round's first step
  int64_t total_steps = 0;   ///< of the whole run
  double learning_rate = 0;  ///< of the next step (the round's first)
  double last_learning_rate =
      0;  ///< of the step just done (the last of the round before); 0 before the first
  std::optional<double>
      divergence{};  ///< of the round just done, if the meeting measured it: mean over all workers
                     ///< of the squared distance to their mean, before the write-back
  std::optional<double>
      round_loss{};  ///< mean training loss of the round just done, over its steps and all workers
  std::optional<double>
      seconds{};  ///< of training since the run began, where the meeting exchanged the processes' clocks
};

struct Round {
  int64_t steps = 1;  ///< >= 1, and step + steps <= total_steps
  Average what = Average::parameters;
  bool operator==(const Round&) const = default;
};

/// Decides when workers meet. One object serves one run: next_round() is called once per round, in order.
class SyncSchedule {
 public:
  virtual ~SyncSchedule() = default;
  /// REQUIRES: 0 <= start.step < start.total_steps.
  virtual Round next_round(const RoundStart& start) = 0;
  /// True: the meeting measures the divergence and passes it in the next RoundStart.
  virtual bool wants_divergence() const { return false; }
  /// True: every RoundStart after the first must hold the loss of the round just done.
  virtual bool wants_loss() const { return false; }
  /// True: every RoundStart must hold the seconds, 0 at the first.
  virtual bool wants_seconds() const { return false; }
  /// The state from which a resumed run takes the same decisions as an uninterrupted one.
  virtual Numbers state() const { return {}; }
  virtual void restore(const Numbers&) {}
};

}  // namespace muster::inline schedule
