#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace muster::inline plan {

/// How long the steps of the workers take.
struct StepTimes {
  double seconds = 1;  ///< mean of a step of a worker of slowness 1, > 0
  double spread = 0;   ///< --spread: standard deviation of a step's logarithm, >= 0, independent
                       ///< from step to step and from worker to worker
  std::vector<double> slowness = {1};  ///< of the workers, each > 0; fewer than workers: repeated in turn

  /// Mean slowness of `workers` workers.
  double mean_slowness(int64_t workers) const;
  /// Throws OptionError.
  void validate() const;
};

/// Expected time until the slowest of K workers has done H steps:
///     E max_w  s_w (x_w1 + ... + x_wH),    ln x ~ N(-spread^2 / 2, spread^2), E x = 1
/// A sum of H log-normals is approximated by a log-normal of the same mean and variance (Fenton, 1960),
///     sigma_H^2 = ln(1 + (e^(spread^2) - 1) / H),
/// and the maximum is integrated numerically: E max = int (1 - prod_w F_w(t)) dt. Exact for H = 1 and in the
/// limit of large H. With spread 0 it is H max s_w.
class RoundMaximum {
 public:
  /// REQUIRES: workers >= 1, times valid.
  RoundMaximum(const StepTimes& times, int64_t workers);
  /// Seconds of a round of `steps`; cached.
  double seconds(int64_t steps);

 private:
  struct Kind {
    double log_slowness;
    double workers;
  };
  double in_steps(int64_t steps) const;

  StepTimes times_;
  double slowest_ = 1;
  bool alone_ = false;
  std::vector<Kind> kinds_;
  std::map<int64_t, double> known_;
};

}  // namespace muster::inline plan
