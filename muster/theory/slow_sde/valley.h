#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/theory/slow_sde/replica_simulation.h"
#include "muster/theory/slow_sde/slow_sde_plan.h"

namespace muster::inline theory {

/// L = g(y) x^2 / 2, g = 1 + y^2: a valley along y whose sides are steeper further from y = 0, with additive
/// Gaussian noise of each worker. On the floor x = 0 the slow SDE has a drift towards y = 0, which the noise
/// of x causes, and a diffusion, which the noise of y causes.
struct ValleyOptions {
  double noise = 1;            ///< s_x: Var n_x = s_x^2 g or s_x^2
  double tangent_noise = 1;    ///< s_y: Var n_y = s_y^2; 0: y only falls
  bool with_curvature = true;  ///< true: Var n_x = s_x^2 g, y is an Ornstein-Uhlenbeck process; false: s_x^2,
                               ///< y has the tails of Student's t
  std::optional<double> start;  ///< y(0); none: drawn from the stationary law (1 where nothing diffuses)
  /// Throws OptionError.
  void validate(double largest_rate) const;
};

enum class SlowForm { continuous, finite_step };

/// E[y^2] under the stationary law of the slow SDE, p(y) ~ exp(-(s_x^2/s_y^2) integral of K_eff(y) y / w(y)):
///  continuous    w = 1 (noise with curvature) or g, K_eff = 1 + (K - 1) psi(2 eta H g), 1 at H = 1. Limits:
///                s_y^2 / (s_x^2 K) and, for s_x = s_y, 1 / (K - 3).
///  finite_step   w also times 1 - eta g / 2, psi_d of q = (1 - eta g)^2 for psi; y stays where eta g < 2.
/// Infinite where the tails are too heavy. Computed by the trapezoid rule in asinh(y). REQUIRES:
/// tangent_noise > 0.
double valley_second_moment(const ValleyOptions& options, int64_t workers, double rate, int64_t period,
                            SlowForm form);

/// The law of y alone, without noise of y, at steps that are 0 or ends of rounds: d ln y per step is -eta
/// E[x^2], with the noise of ValleyOptions; continuous: exp(-s^2 K t / 2B) in the limit (noise with
/// curvature). Schedules: quasi-static in the round (continuous), or the round's recursion of the spread
/// (finite_step). REQUIRES: a start.
std::vector<double> valley_path(const ValleyOptions& options, const SlowSdePlan& plan,
                                const std::vector<int64_t>& at, SlowForm form);

/// Measures y^2 and y of the mean of the workers at meetings.
ReplicaOutcome simulate_valley(const ValleyOptions& options, const SlowSdePlan& plan,
                               const ReplicaOptions& replicas);

}  // namespace muster::inline theory
