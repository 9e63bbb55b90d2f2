#pragma once

#include <string>
#include <vector>

namespace muster::inline plan {

/// One finished run: how often it met, and how long it took.
struct TotalTime {
  std::string name;          ///< for messages: "qsr"
  double communication = 1;  ///< meetings / steps, 0 < f <= 1
  double hours = 0;
};

/// Computing and communication hours of a run, derived from total times alone.
struct SolvedTotals {
  double compute_hours = 0;
  double communication_hours = 0;  ///< of meeting at every step
  double largest_residual = 0;     ///< of a total, as a share of it; 0 for two totals
  double hours(double communication) const { return compute_hours + communication * communication_hours; }
};

/// The method of Gu et al., ICLR 2024 (appendix): meetings are blocking, so times add,
///     T(f) = T_compute + f T_communication,    f = meetings / steps
/// From two runs exactly, T_communication = (T_1 - T_2) / (f_1 - f_2); from more by least squares. Throws
/// OptionError (--total) for: fewer than two totals, times that are not above 0, equal f, a run that met less
/// often and took longer, no time left to compute, totals more than 5 % off the line.
SolvedTotals solve_totals(const std::vector<TotalTime>& totals);

}  // namespace muster::inline plan
