#pragma once

#include <cstdint>

namespace muster::kernel {

/// own = anchor + (own - snapshot)
void merge_corrected(float* own, const float* snapshot, const float* anchor, int64_t size);
void merge_corrected(double* own, const double* snapshot, const double* anchor, int64_t size);

/// own = share * own + (1 - share) * anchor
void merge_blend(float* own, const float* anchor, double share, int64_t size);
void merge_blend(double* own, const double* anchor, double share, int64_t size);

}  // namespace muster::kernel
