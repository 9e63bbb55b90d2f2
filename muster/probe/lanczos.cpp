#include "muster/probe/lanczos.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <vector>

namespace muster::inline probe {

namespace {

// Vectors of floats, too, are summed in double, a stretch at a time: their products are millions.
double inner_product(const at::Tensor& one, const at::Tensor& other) {
  if (one.scalar_type() == at::kDouble) return one.dot(other).item<double>();
  constexpr int64_t stretch = 1 << 16;
  double sum = 0;
  for (int64_t first = 0; first < one.numel(); first += stretch) {
    const int64_t count = std::min(stretch, one.numel() - first);
    sum += one.narrow(0, first, count)
               .to(at::kDouble)
               .dot(other.narrow(0, first, count).to(at::kDouble))
               .item<double>();
  }
  return sum;
}

struct Tridiagonal {
  std::vector<double> diagonal, beside;  // beside[j]: entry (j, j + 1)
};

// The largest eigenvalue, and the last component of its unit vector.
std::pair<double, double> top_of(const Tridiagonal& matrix) {
  const auto size = static_cast<Eigen::Index>(matrix.diagonal.size());
  const Eigen::VectorXd diagonal = Eigen::Map<const Eigen::VectorXd>(matrix.diagonal.data(), size);
  const Eigen::VectorXd beside = Eigen::Map<const Eigen::VectorXd>(matrix.beside.data(), size - 1);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, beside);
  return {solver.eigenvalues()[size - 1], solver.eigenvectors()(size - 1, size - 1)};
}

// Two passes: a single one leaves components along the basis that rounding put in.
void remove_parts_along(const std::vector<at::Tensor>& basis, at::Tensor& vector) {
  for (int pass = 0; pass < 2; ++pass)
    for (const at::Tensor& unit : basis) vector.sub_(unit, inner_product(unit, vector));
}

}  // namespace

Eigenvalue largest_eigenvalue(const LinearMap& matrix, int64_t size, at::ScalarType type,
                              const LanczosOptions& options) {
  at::Tensor unit = random_signs(size, type, options.seed, 0) / std::sqrt(static_cast<double>(size));
  std::vector<at::Tensor> basis;
  Tridiagonal small;
  Eigenvalue found;
  while (true) {
    at::Tensor next = at::empty_like(unit);
    matrix(unit, next);
    basis.push_back(unit);
    small.diagonal.push_back(inner_product(unit, next));
    remove_parts_along(basis, next);
    const double length = std::sqrt(inner_product(next, next));
    const auto [value, last] = top_of(small);
    found = {value, std::abs(length * last), static_cast<int64_t>(basis.size()), false};
    found.converged = found.residual <= options.tolerance * std::abs(value);
    const bool whole_space = found.products == size || length <= 1e-12 * std::abs(value);
    if (whole_space) found.converged = true;
    if (found.converged || found.products >= options.most_products) return found;
    small.beside.push_back(length);
    unit = next / length;
  }
}

}  // namespace muster::inline probe
