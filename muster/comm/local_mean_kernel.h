#pragma once

#include <cstdint>

namespace muster::kernel {

/// Sums of squares run in so many lanes, whatever the processor.
inline constexpr int distance_lanes = 64;

/// What mean_slice does besides forming the mean of `count` vectors.
template <class T>
struct MeanSlice {
  T* const* vectors;
  int64_t count;    ///< >= 2
  T* mean;          ///< receives the mean; may be null
  bool write_back;  ///< the vectors become the mean
  double* lanes;    ///< room for distance_lanes * count doubles; null where no distances are wanted
};

/// Elements begin ... begin + size - 1: mean = (vectors[0] + vectors[1] + ... in this order) / count, and
/// distances[k] = squared distance of vector k to the mean, in double.
void mean_slice(const MeanSlice<float>& work, int64_t begin, int64_t size, double* distances);
void mean_slice(const MeanSlice<double>& work, int64_t begin, int64_t size, double* distances);

/// Elements 0 ... size - 1: each target = (vectors[0] + vectors[1] + ... in this order) / count, written past
/// the caches. The same bits as in mean_slice.
void stream_mean(const float* const* vectors, int64_t count, float* const* targets, int64_t target_count,
                 int64_t size);
void stream_mean(const double* const* vectors, int64_t count, double* const* targets, int64_t target_count,
                 int64_t size);

/// Squared distance of two slices: the same bits as in mean_slice.
double squared_distance(const float* a, const float* b, int64_t size);
double squared_distance(const double* a, const double* b, int64_t size);

}  // namespace muster::kernel
