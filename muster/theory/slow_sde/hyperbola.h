#pragma once

#include <cstdint>
#include <vector>

#include "muster/theory/slow_sde/replica_simulation.h"
#include "muster/theory/slow_sde/slow_sde_plan.h"

namespace muster::inline theory {

/// L = (u v - 1)^2 / 2 with label noise: the worker's label is 1 + e, e = +-noise, drawn afresh every step.
/// Minimisers form the hyperbola u v = 1; gradient flow conserves D = u^2 - v^2, the position on it; the
/// curvature there is lambda = tr Hess = sqrt(D^2 + 4). One worker's step gives D' = D (1 - eta^2 r^2)
/// exactly, with r its residual.
struct HyperbolaOptions {
  double noise = 0.4;  ///< delta of one worker
  double start = 4;    ///< D(0); the run starts on the hyperbola
  /// Throws OptionError; `largest_rate` must keep SGD stable where the curvature is greatest, at the start.
  void validate(double largest_rate) const;
};

/// tr Hess on the hyperbola.
double hyperbola_curvature(double d);

/// The three laws of D over steps (Gu et al., ICLR 2023, with label noise, made exact in eta where named):
///  sgd           D(0) exp(-(delta^2 / K) sum of eta^2): the slow SDE of SGD
///  continuous    d ln D / dt = -(delta^2 / K) [1 + (K - 1) psi(2 eta H lambda)], dt = eta^2 per step; at
///                H = 1 the SGD equation. With schedules eta H is the sum of a round's learning rates.
///  finite_step   constant: d ln D / step = -(eta^2 delta^2 / K) / (1 - eta lambda / 2) [1 + (K - 1) psi_d],
///                q = (1 - eta lambda)^2. With schedules round by round, lambda frozen in the round:
///                S_j = eta_j lambda delta^2 / (K (2 - eta_j lambda)), W_0 = 0,
///                W_{j+1} = W_j (1 - eta_j lambda)^2 + (eta_j lambda delta)^2,
///                D <- D exp(-sum_j eta_j^2 (delta^2 + S_j + (K-1)/K W_j)) (1 + (K-1)/K W_h / lambda^2)
struct HyperbolaLaws {
  std::vector<double> sgd, continuous, finite_step;  ///< D at the steps `at`
};

/// `at`: rising numbers of steps done, each 0 or the end of a round.
HyperbolaLaws hyperbola_laws(const HyperbolaOptions& options, const SlowSdePlan& plan,
                             const std::vector<int64_t>& at);

/// Measures D of the mean of the workers.
ReplicaOutcome simulate_hyperbola(const HyperbolaOptions& options, const SlowSdePlan& plan,
                                  const ReplicaOptions& replicas);

}  // namespace muster::inline theory
