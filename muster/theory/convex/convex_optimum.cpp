#include "muster/theory/convex/convex_optimum.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include "muster/base/error.h"
#include "muster/base/random.h"

namespace muster::inline theory {

namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

std::vector<double> plain(const Vector& v) { return {v.data(), v.data() + v.size()}; }
Vector vector_of(const std::vector<double>& v) {
  return Eigen::Map<const Vector>(v.data(), static_cast<Eigen::Index>(v.size()));
}

// Whether to form the Hessian as a matrix, by its size and the number of products of entries that it takes.
bool is_small(const ConvexProblem& problem) {
  double products = 0;
  for (const PackedRow& row : problem.rows().distinct) products += 16.0 * row.groups * row.groups;
  return problem.features() <= 1500 && products < 2e9;
}

// Sum of weight a a^T over the distinct rows, + lambda.
Matrix hessian(const ConvexProblem& problem, const std::vector<double>& weights) {
  const PackedRows& rows = problem.rows();
  Matrix sum = Matrix::Zero(rows.features, rows.features);
  std::vector<std::pair<uint32_t, double>> entries;
  for (size_t i = 0; i < rows.distinct.size(); ++i) {
    entries.clear();
    rows.for_each(rows.distinct[i],
                  [&](uint32_t column, double value) { entries.emplace_back(column, value); });
    for (const auto& [column, value] : entries) {
      const double scaled = weights[i] * value;
      for (const auto& [other, factor] : entries)
        if (other <= column) sum(column, other) += scaled * factor;
    }
  }
  sum.diagonal().array() += problem.regularisation();
  return sum;
}

// Solves H p = g by conjugate gradients to a relative residual.
Vector conjugate_gradients(const ConvexProblem& problem, const std::vector<double>& curvatures,
                           const Vector& right, double tolerance) {
  Vector solution = Vector::Zero(right.size()), residual = right, direction = right;
  double squares = residual.squaredNorm();
  const double goal = squares * tolerance * tolerance;
  for (int i = 0; i < 20000 && squares > goal; ++i) {
    const Vector image = vector_of(problem.hessian_times(curvatures, plain(direction)));
    const double step = squares / direction.dot(image);
    solution += step * direction;
    residual -= step * image;
    const double next = residual.squaredNorm();
    direction = residual + (next / squares) * direction;
    squares = next;
  }
  return solution;
}

// Largest eigenvalue of sum of weight a a^T + lambda, by Lanczos' method from a random vector. Without
// reorthogonalisation: converged eigenvalues appear more than once, which does not change the largest.
double largest_eigenvalue(const ConvexProblem& problem, const std::vector<double>& weights) {
  RandomStream random({.seed = 1, .purpose = Purpose::statistics});
  Vector v(problem.features());
  for (double& x : v) x = random.normal();
  v.normalize();
  Vector before = Vector::Zero(v.size());
  std::vector<double> diagonal, beside;
  double value = 0;
  for (int i = 1; i <= 600; ++i) {
    Vector next = vector_of(problem.hessian_times(weights, plain(v)));
    if (i > 1) next -= beside.back() * before;
    diagonal.push_back(next.dot(v));
    next -= diagonal.back() * v;
    const double length = next.norm();
    const bool spent = length <= 1e-14 * std::fabs(diagonal.front());
    if (i % 20 == 0 || spent) {
      Eigen::SelfAdjointEigenSolver<Matrix> ritz;
      ritz.computeFromTridiagonal(vector_of(diagonal), vector_of(beside), Eigen::EigenvaluesOnly);
      const double last = value;
      value = ritz.eigenvalues().maxCoeff();
      if (spent || std::fabs(value - last) <= 1e-14 * value) break;
    }
    beside.push_back(length);
    before = v;
    v = next / length;
  }
  return value;
}

struct Spectrum {
  double largest = 0;
  std::optional<double> smallest;
};

Spectrum spectrum(const ConvexProblem& problem, const std::vector<double>& weights) {
  if (!is_small(problem)) return {largest_eigenvalue(problem, weights), std::nullopt};
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(hessian(problem, weights), Eigen::EigenvaluesOnly);
  const Vector& values = solver.eigenvalues();
  return {values(values.size() - 1), values(0)};
}

class Newton {
 public:
  explicit Newton(const ConvexProblem& problem)
      : problem_(problem), small_(is_small(problem)), x_(Vector::Zero(problem.features())) {}

  ConvexOptimum run() {
    measure();
    ConvexOptimum best = result(0);
    for (int64_t i = 1, idle = 0; i <= 200 && idle < 2 && best.gradient_norm > 0; ++i) {
      step();
      measure();
      const bool better = gradient_.norm() < 0.5 * best.gradient_norm;
      if (gradient_.norm() < best.gradient_norm) best = result(i);
      // Far from the optimum steps may be halved and the gradient may fall slowly.
      idle = better || best.gap_bound > 1e-12 ? 0 : idle + 1;
    }
    return best;
  }

 private:
  void measure() {
    value_ = problem_.value(plain(x_));
    gradient_ = vector_of(problem_.gradient(plain(x_)));
  }

  ConvexOptimum result(int64_t iterations) const {
    const double norm = gradient_.norm();
    return {plain(x_), value_, norm, norm * norm / (2 * problem_.regularisation()), iterations};
  }

  Vector direction() const {
    const std::vector<double> curvatures = problem_.curvatures(plain(x_));
    if (small_) return -hessian(problem_, curvatures).selfadjointView<Eigen::Lower>().llt().solve(gradient_);
    return -conjugate_gradients(problem_, curvatures, gradient_, std::min(1e-3, gradient_.norm()));
  }

  void step() {
    const Vector along = direction();
    const double slope = gradient_.dot(along), noise = 1e-14 * (1 + std::fabs(value_));
    double length = 1;
    while (length > 1e-10 &&
           !(problem_.value(plain(x_ + length * along)) <= value_ + 1e-4 * length * slope + noise))
      length /= 2;
    x_ += length * along;
  }

  const ConvexProblem& problem_;
  bool small_;
  Vector x_, gradient_;
  double value_ = 0;
};

}  // namespace

ConvexOptimum find_optimum(const ConvexProblem& problem) {
  ConvexOptimum optimum = Newton(problem).run();
  if (!(optimum.gap_bound <= 1e-12 * std::max(1.0, std::fabs(optimum.value))))
    throw DataError(
        fmt::format("the optimum is known only to {:.2g}; scale the features to about 1, or take a "
                    "larger --regularisation",
                    optimum.gap_bound));
  return optimum;
}

ConvexConstants convex_constants(const ConvexProblem& problem, const ConvexOptimum& optimum) {
  const PackedRows& rows = problem.rows();
  const double lambda = problem.regularisation();
  const double steepest = problem.loss() == Loss::logistic ? 0.25 : 1;
  std::vector<double> weights(rows.distinct.size());
  ConvexConstants constants;
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = steepest * static_cast<double>(rows.counts[i]) / static_cast<double>(rows.samples());
    double length = 0;
    rows.for_each(rows.distinct[i], [&](uint32_t, double value) { length += value * value; });
    constants.largest_sample_smoothness =
        std::max(constants.largest_sample_smoothness, steepest * length + lambda);
  }
  const Spectrum bounds = spectrum(problem, weights);
  constants.smoothness = bounds.largest;
  constants.strong_convexity =
      problem.loss() == Loss::least_squares ? std::max(lambda, bounds.smallest.value_or(lambda)) : lambda;
  constants.curvature_at_optimum = spectrum(problem, problem.curvatures(optimum.x)).largest;
  const auto moments = problem.gradient_moments(optimum.x);
  constants.noise_at_optimum = moments.mean;
  constants.largest_noise_at_optimum = moments.largest;
  return constants;
}

}  // namespace muster::inline theory
