#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/app/study/study_slow_sde_request.h"

namespace muster::inline app {

/// One measured number with its predictions: NaN where a law gives none, infinite where it diverges.
struct SlowSdeNumber {
  Estimate simulated;
  double theory = 0;             ///< finite-step form
  double theory_continuous = 0;  ///< the paper's; at H = 1 the SGD equation
  double theory_sgd = 0;         ///< the slow SDE of SGD, whatever the period
  double off() const { return simulated.mean / theory - 1; }
};

/// The results of one run.
struct SlowSdeRow {
  const SlowSdeCase* run = nullptr;
  std::string measure;                             ///< "D", "E[y^2]", "y", "ln(Q_j/Q_j(0))"
  std::vector<SlowSdeNumber> numbers;              ///< one, or one a feature
  std::optional<Estimate> trace;                   ///< tr Hess at the end, where the problem has one
  std::vector<double> steps;                       ///< of the curves
  std::vector<std::vector<SlowSdeNumber>> curves;  ///< [step][number]
  double slow_time = 0;                            ///< sum of eta^2
  double seconds = 0;                              ///< of the simulation

  double communication() const;
  /// Length of the first round in slow time, H eta^2.
  double round_time() const;
};

/// Simulates and integrates one case.
SlowSdeRow run_slow_sde_case(const SlowSdeCase& one, const ReplicaOptions& replicas);

/// The right branch of the valley's U: by how much E[y^2] exceeds the theory, per slow time of a round.
struct ExcessSlope {
  double slope = 0, standard_error = 0;   ///< least squares of excess = slope x H eta^2, rows weighted
  double between = 0, between_error = 0;  ///< from the first to the last of these rows
  size_t rows = 0;
};
/// Of rows with H eta^2 from 0.25 to 0.95; none with fewer than two.
std::optional<ExcessSlope> excess_slope(const std::vector<const SlowSdeRow*>& rows);

}  // namespace muster::inline app
