#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/schedule/step_rate.h"

namespace muster::inline schedule {

enum class LearningRateShape { constant, cosine, linear, step, cosine_powers_of_two };

struct LearningRateOptions {
  LearningRateShape shape = LearningRateShape::cosine;  ///< learning_rate.shape
  double peak = 0.1;                                    ///< learning_rate.peak, M
  double final = 1e-6;                 ///< learning_rate.final, f; > 0, also where warm-up starts
  int64_t warmup_steps = 0;            ///< learning_rate.warmup_steps, W
  std::vector<int64_t> milestones{};   ///< learning_rate.milestones, in steps; shape `step` only
  double decay = 0.1;                  ///< learning_rate.decay: factor at each milestone
  std::optional<int64_t> hold_from{};  ///< learning_rate.hold_from: from this step on it does not change

  /// Throws OptionError.
  void validate() const;
};

/// The learning rate of every step t = 0 ... T - 1 (T = total_steps), as in the code of QSR (Gu et al., ICLR
/// 2024):
///
///     t <  W                    f + t (M - f) / W
///     t >= W  constant          M
///             cosine            f + (M - f) (1 + cos(pi (t - W) / (T - W))) / 2
///             linear            f + (T - t) (M - f) / (T - W)
///             step              M decay^k, k = number of milestones <= t
///             cosine_powers_of_two   2^round(log2 of the cosine value)
///
/// From step T on it keeps the formula's value at T (M when W = T), and from `hold_from` on the value there:
/// for example a cosine that stops decaying before the end.
class LearningRate final : public StepRate {
 public:
  /// Throws OptionError: an option outside its range, warmup_steps > total_steps, total_steps < 1.
  LearningRate(LearningRateOptions options, int64_t total_steps);

  /// REQUIRES: step >= 0.
  double at(int64_t step) const override;

  const LearningRateOptions& options() const { return options_; }
  int64_t total_steps() const { return total_steps_; }

 private:
  double cosine(double progress) const;
  double decayed(int64_t step) const;

  LearningRateOptions options_;
  int64_t total_steps_;
};

}  // namespace muster::inline schedule
