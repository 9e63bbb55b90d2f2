#pragma once

#include <cstdint>
#include <vector>

#include "muster/base/random.h"

namespace muster::inline task {

/// The logarithm of a draw from Gamma(shape, 1), shape > 0 (Marsaglia and Tsang, ACM TOMS 2000; below 1 from
/// Gamma(shape + 1) and U^(1/shape)). As a logarithm, because draws of small shapes lie below every double.
double log_gamma_variate(double shape, RandomStream& stream);

/// Proportions drawn from the symmetric Dirichlet(alpha, ..., alpha): >= 0, their sum is 1. Two parts are
/// (x, 1 - x) with x from Beta(alpha, alpha). REQUIRES: alpha > 0, parts >= 1.
std::vector<double> dirichlet_variate(double alpha, int64_t parts, RandomStream& stream);

}  // namespace muster::inline task
