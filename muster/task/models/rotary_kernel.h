#pragma once

#include <cstdint>

namespace muster::kernel {

/// Turns `vectors` vectors of `width` components, one after the other, pair by pair: (a, b) -> (a cos - b sin
/// x sign, b cos + a sin x sign). angles: cosine and sine of each pair.
void rotate(float* vector, int64_t vectors, int64_t width, const float* angles, float sign);
void rotate(double* vector, int64_t vectors, int64_t width, const double* angles, double sign);

}  // namespace muster::kernel
