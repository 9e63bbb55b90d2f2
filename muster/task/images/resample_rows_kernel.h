#pragma once

#include <cstdint>

namespace muster::inline task {

/// sum[i] (= or, where `add`, +=) weight * row[i] for i < size.
void weigh_row(const uint8_t* row, int64_t size, float weight, bool add, float* sum);

/// Output pixel i (RGB side by side) = sum over k < count[i] of weights[i * most + k] * pixel first[i] + k of
/// `row`. REQUIRES: one float beyond the last pixel of `row` may be read.
void gather_row(const float* row, const int32_t* first, const int32_t* count, const float* weights,
                int64_t most, int64_t outputs, float* out);

}  // namespace muster::inline task
