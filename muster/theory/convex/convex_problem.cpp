#include "muster/theory/convex/convex_problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline theory {

namespace {

// -1 and 1 for the smaller and the larger of two labels.
std::vector<double> signs(const std::vector<double>& labels) {
  const auto [low, high] = std::minmax_element(labels.begin(), labels.end());
  if (*low == *high)
    throw DataError(fmt::format("all samples have the label {}; logistic regression needs two labels",
                                format_number(*low)));
  std::vector<double> all;
  all.reserve(labels.size());
  for (const double label : labels) {
    if (label != *low && label != *high)
      throw DataError(
          fmt::format("the labels {}, {} and {} occur; logistic regression needs two, or take --loss "
                      "least-squares",
                      format_number(*low), format_number(label), format_number(*high)));
    all.push_back(label == *low ? -1 : 1);
  }
  return all;
}

double square(double x) { return x * x; }

}  // namespace

void ConvexProblemOptions::validate() const {
  if (regularisation && (!(*regularisation > 0) || !std::isfinite(*regularisation)))
    throw OptionError("--regularisation", format_number(*regularisation),
                      "must be above 0: the theorems need a strongly convex problem");
}

ConvexProblem::ConvexProblem(const SparseRows& rows, ConvexProblemOptions options)
    : loss_(options.loss),
      regularisation_(options.regularisation.value_or(1.0 / static_cast<double>(rows.samples()))) {
  options.validate();
  if (rows.features == 0) throw DataError("no sample has a feature; there is nothing to learn");
  rows_ = pack_rows(rows, loss_ == Loss::logistic ? signs(rows.labels) : rows.labels);
}

std::vector<double> ConvexProblem::filled(const std::vector<double>& x) const {
  invariant(static_cast<int64_t>(x.size()) == features(), "one value for each feature");
  std::vector<double> longer = x;
  longer.push_back(0);
  return longer;
}

double ConvexProblem::value(const std::vector<double>& x) const {
  double squares = 0;
  for (const double v : x) squares += v * v;
  return kernel::mean_loss(loss_, rows_, filled(x).data()) + 0.5 * regularisation_ * squares;
}

std::vector<double> ConvexProblem::gradient(const std::vector<double>& x) const {
  const std::vector<double> longer = filled(x);
  std::vector<double> sum(x.size(), 0);
  for (size_t i = 0; i < rows_.distinct.size(); ++i) {
    const PackedRow& row = rows_.distinct[i];
    const double margin = kernel::product(rows_, row, longer.data()), label = row.label;
    const double slope = loss_ == Loss::logistic ? -label / (1 + std::exp(label * margin)) : margin - label;
    const double counted = slope * static_cast<double>(rows_.counts[i]);
    rows_.for_each(row, [&](uint32_t column, double value) { sum[column] += counted * value; });
  }
  for (size_t i = 0; i < x.size(); ++i)
    sum[i] = sum[i] / static_cast<double>(samples()) + regularisation_ * x[i];
  return sum;
}

std::vector<double> ConvexProblem::curvatures(const std::vector<double>& x) const {
  const std::vector<double> longer = filled(x);
  std::vector<double> all(rows_.distinct.size());
  for (size_t i = 0; i < all.size(); ++i) {
    double second = 1;
    if (loss_ == Loss::logistic) {
      const double margin = std::fabs(kernel::product(rows_, rows_.distinct[i], longer.data()));
      const double small = std::exp(-margin);
      second = small / square(1 + small);
    }
    all[i] = second * static_cast<double>(rows_.counts[i]) / static_cast<double>(samples());
  }
  return all;
}

std::vector<double> ConvexProblem::hessian_times(const std::vector<double>& curvatures,
                                                 const std::vector<double>& v) const {
  const std::vector<double> longer = filled(v);
  std::vector<double> sum(v.size());
  for (size_t i = 0; i < v.size(); ++i) sum[i] = regularisation_ * v[i];
  for (size_t i = 0; i < rows_.distinct.size(); ++i) {
    const double along = curvatures[i] * kernel::product(rows_, rows_.distinct[i], longer.data());
    rows_.for_each(rows_.distinct[i], [&](uint32_t column, double value) { sum[column] += along * value; });
  }
  return sum;
}

double ConvexProblem::accuracy(const std::vector<double>& x) const {
  const std::vector<double> longer = filled(x);
  int64_t right = 0;
  for (size_t i = 0; i < rows_.distinct.size(); ++i) {
    const bool positive = kernel::product(rows_, rows_.distinct[i], longer.data()) > 0;
    if (positive == (rows_.distinct[i].label > 0)) right += rows_.counts[i];
  }
  return static_cast<double>(right) / static_cast<double>(samples());
}

ConvexProblem::GradientMoments ConvexProblem::gradient_moments(const std::vector<double>& x) const {
  const std::vector<double> longer = filled(x);
  double squares = 0;
  for (const double v : x) squares += v * v;
  GradientMoments moments;
  for (size_t i = 0; i < rows_.distinct.size(); ++i) {
    const PackedRow& row = rows_.distinct[i];
    const double margin = kernel::product(rows_, row, longer.data()), label = row.label;
    const double slope = loss_ == Loss::logistic ? -label / (1 + std::exp(label * margin)) : margin - label;
    double length = 0;
    rows_.for_each(row, [&](uint32_t, double value) { length += value * value; });
    const double norm =
        square(slope) * length + 2 * regularisation_ * slope * margin + square(regularisation_) * squares;
    moments.mean += norm * static_cast<double>(rows_.counts[i]);
    moments.largest = std::max(moments.largest, norm);
  }
  moments.mean /= static_cast<double>(samples());
  return moments;
}

}  // namespace muster::inline theory
