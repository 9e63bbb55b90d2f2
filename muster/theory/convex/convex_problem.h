#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/theory/convex/loss_kernel.h"
#include "muster/theory/convex/packed_rows.h"
#include "muster/theory/convex/sparse_rows.h"

namespace muster::inline theory {

struct ConvexProblemOptions {
  Loss loss = Loss::logistic;
  std::optional<double> regularisation;  ///< lambda > 0; absent: 1 / samples
  void validate() const;                 ///< throws OptionError (--regularisation)
};

/// f(x) = mean loss over the samples + lambda / 2 ||x||^2, no bias. Logistic regression takes two distinct
/// labels, the smaller as -1; least squares takes labels unchanged. Equal samples are computed once.
class ConvexProblem {
 public:
  /// Throws OptionError, and DataError when the labels do not suit the loss.
  ConvexProblem(const SparseRows& rows, ConvexProblemOptions options);

  Loss loss() const { return loss_; }
  double regularisation() const { return regularisation_; }
  const PackedRows& rows() const { return rows_; }
  int64_t samples() const { return rows_.samples(); }
  int64_t features() const { return rows_.features; }

  /// f(x). REQUIRES: features() values.
  double value(const std::vector<double>& x) const;
  std::vector<double> gradient(const std::vector<double>& x) const;
  /// For each distinct row its weight in the Hessian at x: (count / n) x second derivative of its loss.
  std::vector<double> curvatures(const std::vector<double>& x) const;
  /// (sum of curvature a a^T + lambda) times v.
  std::vector<double> hessian_times(const std::vector<double>& curvatures,
                                    const std::vector<double>& v) const;

  /// Share of the samples for which a.x has the label's sign; logistic only.
  double accuracy(const std::vector<double>& x) const;

  /// E ||gradient of a sample's loss with its regularisation||^2 at x, and the largest.
  struct GradientMoments {
    double mean = 0;
    double largest = 0;
  };
  GradientMoments gradient_moments(const std::vector<double>& x) const;

 private:
  std::vector<double> filled(const std::vector<double>& x) const;

  Loss loss_;
  double regularisation_;
  PackedRows rows_;
};

}  // namespace muster::inline theory
