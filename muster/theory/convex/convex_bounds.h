#pragma once

#include <cstdint>

namespace muster::inline theory {

/// The quantities in Theorem 2.2 of Stich (ICLR 2019).
struct StichSetting {
  double smoothness = 1;        ///< L
  double strong_convexity = 1;  ///< mu
  double start_distance = 1;    ///< ||x0 - x*||^2
  double noise = 1;             ///< sigma^2 >= E ||g - grad f||^2 at all iterates, g: gradient of b samples
  double gradient = 1;          ///< G^2 >= E ||g||^2 at all iterates
  int64_t workers = 1;          ///< K
  int64_t period = 1;           ///< H, the longest of a run
  int64_t delay = 0;            ///< tau; the asynchronous form
  bool asynchronous = false;
};

/// The terms of the bound on E f(weighted average) - f*.
struct StichBound {
  double initial = 0;
  double noise = 0;
  double drift = 0;
  double total() const { return initial + noise + drift; }
};

/// a of the step sizes 4 / (mu (a + t)): max(16 kappa, H + tau) + 1.
double stich_shift(const StichSetting& setting);

/// mu a^3 / (2 S) ||x0 - x*||^2 + 4 T (T + 2a) / (mu K S) sigma^2 + 256 T / (mu^2 S) G^2 H^2 L, with S the
/// sum of (a + t)^2, t < T. The asynchronous form has 768 and (H + tau)^2 (not checked against the paper).
StichBound stich_bound(const StichSetting& setting, int64_t steps);

/// The largest H at which the drift term does not exceed the noise term, at least 1:
/// H^2 <= (T + 2a) sigma^2 / (64 kappa K G^2), with a = 16 kappa.
int64_t stich_period_with_constants(const StichSetting& setting, int64_t steps);

/// 1 + floor(share / (2 L eta K)): the longest period at which the drift of the replicas adds at most `share`
/// times the contribution of a step's noise, as the drift grows by at most eta^2 sigma^2 (1 - 1/K) per step.
/// With L the curvature near the optimum it is the practical form of H ~ 1/eta (Shen et al., STL-SGD, 2020).
int64_t drift_period(double smoothness, double learning_rate, int64_t workers, double share);

}  // namespace muster::inline theory
