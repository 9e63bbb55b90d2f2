#pragma once

#include <cstdint>

#include "muster/probe/linear_map.h"

namespace muster::inline probe {

struct TraceEstimate {
  double value = 0;
  double standard_error = 0;  ///< of the mean over the vectors; 0 for one vector
  int64_t products = 0;
};

/// The trace of a symmetric matrix of size x size: the mean of z' A z over vectors z of independent random
/// signs, which is the trace in expectation (Hutchinson, 1990). REQUIRES: vectors >= 1.
TraceEstimate estimate_trace(const LinearMap& matrix, int64_t size, at::ScalarType type, int64_t vectors,
                             uint64_t seed);

}  // namespace muster::inline probe
