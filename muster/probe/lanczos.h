#pragma once

#include <cstdint>

#include "muster/probe/linear_map.h"

namespace muster::inline probe {

struct LanczosOptions {
  int64_t most_products = 80;  ///< >= 1; as many vectors are kept
  double tolerance = 1e-4;     ///< of the residual, relative to the eigenvalue's magnitude
  uint64_t seed = 1;           ///< of the first vector
};

struct Eigenvalue {
  double value = 0;
  double residual = 0;  ///< |A x - value x| of its unit vector x: an eigenvalue lies that near
  int64_t products = 0;
  bool converged = false;
};

/// The largest (not: the largest in magnitude) eigenvalue of a symmetric matrix of size x size by Lanczos'
/// method (1950) with full reorthogonalisation: after j products the largest eigenvalue of the j x j
/// tridiagonal matrix that the Krylov space gives.
Eigenvalue largest_eigenvalue(const LinearMap& matrix, int64_t size, at::ScalarType type,
                              const LanczosOptions& options);

}  // namespace muster::inline probe
