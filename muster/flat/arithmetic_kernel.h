#pragma once

#include <cstdint>

namespace muster::kernel {

// Element by element, one rounding per operation; `out` may be one of the operands.

/// out <- a - b
void subtract(const float* a, const float* b, float* out, int64_t size);
void subtract(const double* a, const double* b, double* out, int64_t size);
/// to <- to + what
void add(float* to, const float* what, int64_t size);
void add(double* to, const double* what, int64_t size);
void add(double* to, const float* what, int64_t size);
/// values <- -values
void negate(float* values, int64_t size);
void negate(double* values, int64_t size);
/// values <- values * by
void multiply(float* values, float by, int64_t size);
void multiply(double* values, double by, int64_t size);
/// values <- values / by
void divide(float* values, float by, int64_t size);
void divide(double* values, double by, int64_t size);
/// to <- from, rounded to the nearest
void convert(const double* from, float* to, int64_t size);

}  // namespace muster::kernel
