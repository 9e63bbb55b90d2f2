#include "muster/comm/local_mean_kernel.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "muster/base/clones.h"
#include "muster/flat/prefetch.h"

namespace muster::kernel {

namespace {

// Elements that are summed, compared and written back before the next ones are touched: they stay in
// registers and in the first-level cache, whatever the number of vectors.
constexpr int chunk = distance_lanes;

/// lanes += squared distances of one chunk; b is assigned to a where `assign` says so.
template <bool assign, class A, class T>
[[gnu::always_inline]] inline void add_distances(A* __restrict a, const T* __restrict b,
                                                 double* __restrict lanes) {
  for (int i = 0; i < chunk; ++i) {
    const double difference = static_cast<double>(static_cast<T>(a[i] - b[i]));
    lanes[i] += difference * difference;
    if constexpr (assign) a[i] = b[i];
  }
}

/// The lanes' sum in a fixed order, and behind it the elements that fill no chunk.
template <class T>
[[gnu::always_inline]] inline double finish_distance(const double* lanes, const T* a, const T* b,
                                                     int64_t rest) {
  double total = 0;
  for (int lane = 0; lane < distance_lanes; ++lane) total += lanes[lane];
  for (int64_t i = 0; i < rest; ++i) {
    const double difference = static_cast<double>(static_cast<T>(a[i] - b[i]));
    total += difference * difference;
  }
  return total;
}

/// mean <- mean of `size` (at most chunk) elements. Adds two vectors at a time, so that the partial sums are
/// loaded and stored half as often.
template <class T>
[[gnu::always_inline]] inline void mean_chunk(const T* const* vectors, int64_t count, int64_t begin,
                                              int64_t size, T* __restrict mean) {
  const T divisor = static_cast<T>(count);
  const T *first = vectors[0] + begin, *second = vectors[1] + begin;
  for (int64_t i = 0; i < size; ++i) mean[i] = first[i] + second[i];
  int64_t next = 2;
  for (; next + 1 < count; next += 2) {
    first = vectors[next] + begin, second = vectors[next + 1] + begin;
    for (int64_t i = 0; i < size; ++i) mean[i] = (mean[i] + first[i]) + second[i];
  }
  if (next < count) {
    first = vectors[next] + begin;
    for (int64_t i = 0; i < size; ++i) mean[i] += first[i];
  }
  for (int64_t i = 0; i < size; ++i) mean[i] /= divisor;
}

/// Copies a chunk; bypasses the caches where the target is aligned for it.
template <class T>
[[gnu::always_inline]] inline void stream_chunk(T* to, const T* from) {
#ifdef __SSE2__
  constexpr int each = sizeof(__m128i) / sizeof(T);
  if (reinterpret_cast<uintptr_t>(to) % sizeof(__m128i) == 0) {
    for (int i = 0; i < chunk; i += each)
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
    return;
  }
#endif
  std::memcpy(to, from, chunk * sizeof(T));
}

template <class T>
[[gnu::always_inline]] inline void stream_pass(const T* const* vectors, int64_t count, T* const* targets,
                                               int64_t target_count, int64_t size) {
  alignas(64) T mean[chunk];
  const int64_t rest = size % chunk, whole = size - rest;
  const int64_t distance = std::max<int64_t>(cache_line, 8192 / count);
  for (int64_t at = 0; at < whole; at += chunk) {
    for (int64_t k = 0; k < count; ++k) prefetch_ahead(vectors[k] + at, chunk * sizeof(T), distance);
    mean_chunk(vectors, count, at, chunk, mean);
    for (int64_t k = 0; k < target_count; ++k) stream_chunk(targets[k] + at, mean);
  }
  mean_chunk(vectors, count, whole, rest, mean);
  for (int64_t k = 0; k < target_count; ++k)
    std::memcpy(targets[k] + whole, mean, static_cast<size_t>(rest) * sizeof(T));
#ifdef __SSE2__
  _mm_sfence();  // before another thread may be told that the data are there
#endif
}

template <bool measure, bool write_back, class T>
[[gnu::always_inline]] inline void mean_pass(const MeanSlice<T>& work, int64_t begin, int64_t size,
                                             double* distances) {
  const MeanSlice<T> w = work;
  T mean[chunk];
  if (measure) std::memset(w.lanes, 0, static_cast<size_t>(w.count) * distance_lanes * sizeof(double));
  const int64_t rest = size % chunk, whole = begin + size - rest;
  // The prefetched lines of all vectors together must fit the first-level cache.
  const int64_t distance = std::max<int64_t>(cache_line, 8192 / w.count);
  for (int64_t at = begin; at < whole; at += chunk) {
    for (int64_t k = 0; k < w.count; ++k) prefetch_ahead(w.vectors[k] + at, chunk * sizeof(T), distance);
    if (w.mean) prefetch_ahead(w.mean + at, chunk * sizeof(T), distance);
    mean_chunk(w.vectors, w.count, at, chunk, mean);
    for (int64_t k = 0; k < w.count; ++k) {
      if constexpr (measure)
        add_distances<write_back>(w.vectors[k] + at, mean, w.lanes + k * distance_lanes);
      else if constexpr (write_back)
        std::memcpy(w.vectors[k] + at, mean, sizeof mean);
    }
    if (w.mean) std::memcpy(w.mean + at, mean, sizeof mean);
  }
  mean_chunk(w.vectors, w.count, whole, rest, mean);
  for (int64_t k = 0; k < w.count; ++k) {
    if (measure)
      distances[k] = finish_distance(w.lanes + k * distance_lanes, w.vectors[k] + whole, mean, rest);
    if (write_back) std::memcpy(w.vectors[k] + whole, mean, static_cast<size_t>(rest) * sizeof(T));
  }
  if (w.mean) std::memcpy(w.mean + whole, mean, static_cast<size_t>(rest) * sizeof(T));
}

template <class T>
[[gnu::always_inline]] inline void choose_pass(const MeanSlice<T>& work, int64_t begin, int64_t size,
                                               double* distances) {
  if (work.lanes && work.write_back) return mean_pass<true, true>(work, begin, size, distances);
  if (work.lanes) return mean_pass<true, false>(work, begin, size, distances);
  if (work.write_back) return mean_pass<false, true>(work, begin, size, distances);
  mean_pass<false, false>(work, begin, size, distances);
}

template <class T>
[[gnu::always_inline]] inline double distance_pass(const T* a, const T* b, int64_t size) {
  double lanes[distance_lanes] = {};
  const int64_t rest = size % chunk, whole = size - rest;
  for (int64_t at = 0; at < whole; at += chunk) add_distances<false>(a + at, b + at, lanes);
  return finish_distance(lanes, a + whole, b + whole, rest);
}

}  // namespace

MUSTER_CLONES void mean_slice(const MeanSlice<float>& work, int64_t begin, int64_t size, double* distances) {
  choose_pass(work, begin, size, distances);
}

MUSTER_CLONES void mean_slice(const MeanSlice<double>& work, int64_t begin, int64_t size, double* distances) {
  choose_pass(work, begin, size, distances);
}

MUSTER_CLONES void stream_mean(const float* const* vectors, int64_t count, float* const* targets,
                               int64_t target_count, int64_t size) {
  stream_pass(vectors, count, targets, target_count, size);
}

MUSTER_CLONES void stream_mean(const double* const* vectors, int64_t count, double* const* targets,
                               int64_t target_count, int64_t size) {
  stream_pass(vectors, count, targets, target_count, size);
}

MUSTER_CLONES double squared_distance(const float* a, const float* b, int64_t size) {
  return distance_pass(a, b, size);
}

MUSTER_CLONES double squared_distance(const double* a, const double* b, int64_t size) {
  return distance_pass(a, b, size);
}

}  // namespace muster::kernel
