#pragma once

#include <cstdint>

namespace muster::kernel {

/// Sum of squares in double, in 64 lanes whatever the processor.
double sum_of_squares(const float* values, int64_t size);
double sum_of_squares(const double* values, int64_t size);

}  // namespace muster::kernel
