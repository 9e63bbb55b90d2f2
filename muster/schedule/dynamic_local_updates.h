#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace muster::inline schedule {

struct LocalStepsOptions {
  int64_t local_steps = 50;     ///< async.local_steps, H >= 1: of every worker, or of the fastest
  bool dynamic = false;         ///< async.dynamic_local_updates: by Eq. 6
  double speed_quantile = 1.0;  ///< async.speed_quantile, in (0, 1]: this quantile of speed makes H
                                ///< steps; 1: the fastest; below 1 no single fast worker decides it
  /// Throws OptionError.
  void validate() const;
};

/// Dynamic local updates (Liu et al. 2024, Eq. 6): floor(H x speed / reference speed), at least 1 and at most
/// H, so that all rounds take about the same time. Speeds are given as seconds per step, which are decimal
/// fractions: a quotient within 1e-9 below a whole number counts as that number (H = 20 at 0.58, 0.75, 1.51
/// and 3.33 s gives 20, 15, 7 and 3). REQUIRES: all arguments > 0.
int64_t dynamic_local_updates(double seconds_per_step, double reference_seconds_per_step,
                              int64_t local_steps);

/// The known speeds of the workers: seconds per local step, > 0.
class Speeds {
 public:
  void set(int64_t worker, double seconds_per_step);
  void forget(int64_t worker);
  std::optional<double> of(int64_t worker) const;
  /// Seconds per step of the fastest known worker that is left after removing the share 1 - `quantile` of
  /// fastest ones; 1: of the fastest. Nothing where no speed is known.
  std::optional<double> reference(double quantile) const;

 private:
  std::map<int64_t, double> by_worker_;
  std::vector<double> sorted_;  // rising
};

}  // namespace muster::inline schedule
