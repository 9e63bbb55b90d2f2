#pragma once

#include <cstdint>

namespace muster::kernel {

// Passes over `rows` pixels of `channels` floats that lie side by side (channels last). Sums are taken in
// float over 64 rows and in double over these, in a fixed order.

/// mean[c] and variance[c] (biased) of every channel over all rows.
void channel_moments(const float* x, int64_t rows, int64_t channels, double* mean, double* variance);

/// y = x * scale[c] + offset[c], plus `residual` where it is not null, and max(0, .) of that where `relu`.
void scale_channels(const float* x, const float* residual, const float* scale, const float* offset,
                    int64_t rows, int64_t channels, bool relu, float* y);

/// The inputs of both loops of the backward pass; dy is masked where y is not above 0 (y null: not masked).
struct NormGradient {
  const float* dy;
  const float* y;
  const float* x;
  const float* mean;  ///< [c]
};

/// sum[c] of g and product[c] of g * (x - mean[c]), g being the masked dy.
void gradient_sums(const NormGradient& in, int64_t rows, int64_t channels, double* sum, double* product);

/// dx = scale[c] * (g - centre[c]) - slope[c] * (x - mean[c]), and dresidual = g where it is not null.
void gradient_of_norm(const NormGradient& in, const float* scale, const float* centre, const float* slope,
                      int64_t rows, int64_t channels, float* dx, float* dresidual);

}  // namespace muster::kernel
