#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace muster::kernel {

/// y[i] = GELU(x[i]).
void gelu(const float* x, float* y, int64_t size);
void gelu(const double* x, double* y, int64_t size);
void gelu(const c10::BFloat16* x, c10::BFloat16* y, int64_t size);

/// slope[i] = gradient[i] x GELU'(x[i]).
void gelu_backward(const float* x, const float* gradient, float* slope, int64_t size);
void gelu_backward(const double* x, const double* gradient, double* slope, int64_t size);
void gelu_backward(const c10::BFloat16* x, const c10::BFloat16* gradient, c10::BFloat16* slope, int64_t size);

}  // namespace muster::kernel
