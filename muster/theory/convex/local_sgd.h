#pragma once

#include "muster/theory/convex/convex_method.h"
#include "muster/theory/convex/local_steps.h"

namespace muster::inline theory {

/// Local SGD (Stich, ICLR 2019): K workers draw from the same samples, each takes H steps of its own, then
/// all take the mean of their parameters. A round of one step is one step of batch K b, and computed so.
class LocalSgd : public ConvexMethod {
 public:
  /// `problem` is borrowed.
  LocalSgd(const ConvexProblem& problem, const LocalSgdOptions& options);

  void advance(int64_t period, int64_t rounds) override;
  int64_t step() const override { return step_; }
  std::vector<double> last() const override { return mean_.value(); }
  std::vector<std::vector<double>> iterates(int64_t most) const override;
  std::vector<double> weighted() const override;

  int64_t rounds() const { return rounds_; }
  /// Mean squared distance of the workers to their mean just before the last meeting; 0 unless
  /// measure_divergence() was called before.
  double round_divergence() const { return divergence_; }
  void measure_divergence() { measures_divergence_ = true; }

 private:
  void train_apart(int64_t first, int64_t steps);

  ConvexStepSize step_size_;
  LocalSteps apart_, together_;
  LazyIterate mean_;
  std::vector<LazyIterate> workers_;
  int64_t step_ = 0, rounds_ = 0;
  double weights_ = 0;
  double divergence_ = 0;
  bool measures_divergence_ = false;
  bool were_apart_ = false;  ///< whether the workers trained separately in the last round
};

}  // namespace muster::inline theory
