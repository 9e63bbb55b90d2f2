#include "muster/task/models/attention_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/base/clones.h"
#include "muster/task/models/exponential.h"

namespace muster::kernel {

namespace {

// Sums and maxima run in this many lanes at once: a fixed order, the same for every instruction set.
constexpr int64_t lanes = 16;

template <class T>
[[gnu::always_inline]] inline T largest(const T* __restrict values, int64_t size) {
  T best[lanes];
  for (int64_t l = 0; l < lanes; ++l) best[l] = -std::numeric_limits<T>::infinity();
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int64_t l = 0; l < lanes; ++l) best[l] = best[l] < values[i + l] ? values[i + l] : best[l];
  for (; i < size; ++i) best[0] = best[0] < values[i] ? values[i] : best[0];
  for (int64_t l = 1; l < lanes; ++l) best[0] = best[0] < best[l] ? best[l] : best[0];
  return best[0];
}

template <class T>
[[gnu::always_inline]] inline T total(const T* __restrict values, int64_t size) {
  T sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int64_t l = 0; l < lanes; ++l) sums[l] += values[i + l];
  for (; i < size; ++i) sums[0] += values[i];
  for (int64_t half = lanes / 2; half > 0; half /= 2)
    for (int64_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}

template <class T>
[[gnu::always_inline]] inline T dot(const T* __restrict a, const T* __restrict b, int64_t size) {
  T sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
    for (int64_t l = 0; l < lanes; ++l) sums[l] += a[i + l] * b[i + l];
  for (; i < size; ++i) sums[0] += a[i] * b[i];
  for (int64_t half = lanes / 2; half > 0; half /= 2)
    for (int64_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}

template <class T>
[[gnu::always_inline]] inline void softmax_rows(T* __restrict scores, int64_t rows, int64_t first, T scale,
                                                T* __restrict log_sums) {
  const int64_t columns = first + rows;
  for (int64_t r = 0; r < rows; ++r, scores += columns) {
    const int64_t seen = first + r + 1;
    const T top = largest(scores, seen);
    for (int64_t i = 0; i < seen; ++i) scores[i] = exponential(scale * (scores[i] - top));
    const T sum = total(scores, seen);
    const T share = T(1) / sum;
    for (int64_t i = 0; i < seen; ++i) scores[i] *= share;
    for (int64_t i = seen; i < columns; ++i) scores[i] = 0;
    log_sums[r] = scale * top + std::log(sum);
  }
}

template <class T>
[[gnu::always_inline]] inline void weight_rows(T* __restrict scores, int64_t rows, int64_t first, T scale,
                                               const T* __restrict log_sums) {
  const int64_t columns = first + rows;
  for (int64_t r = 0; r < rows; ++r, scores += columns) {
    const int64_t seen = first + r + 1;
    const T log_sum = log_sums[r];
    for (int64_t i = 0; i < seen; ++i) scores[i] = exponential(scale * scores[i] - log_sum);
    for (int64_t i = seen; i < columns; ++i) scores[i] = 0;
  }
}

template <class T>
[[gnu::always_inline]] inline void backward_rows(T* __restrict gradient, const T* __restrict weights,
                                                 int64_t rows, int64_t first, T scale,
                                                 const T* __restrict dots) {
  const int64_t columns = first + rows;
  for (int64_t r = 0; r < rows; ++r, gradient += columns, weights += columns) {
    const int64_t seen = first + r + 1;
    const T mean = dots[r];
    for (int64_t i = 0; i < seen; ++i) gradient[i] = scale * weights[i] * (gradient[i] - mean);
    for (int64_t i = seen; i < columns; ++i) gradient[i] = 0;
  }
}

}  // namespace

MUSTER_CLONES void causal_softmax(float* scores, int64_t rows, int64_t first, float scale, float* log_sums) {
  softmax_rows(scores, rows, first, scale, log_sums);
}
MUSTER_CLONES void causal_softmax(double* scores, int64_t rows, int64_t first, double scale,
                                  double* log_sums) {
  softmax_rows(scores, rows, first, scale, log_sums);
}
MUSTER_CLONES void causal_weights(float* scores, int64_t rows, int64_t first, float scale,
                                  const float* log_sums) {
  weight_rows(scores, rows, first, scale, log_sums);
}
MUSTER_CLONES void causal_weights(double* scores, int64_t rows, int64_t first, double scale,
                                  const double* log_sums) {
  weight_rows(scores, rows, first, scale, log_sums);
}
MUSTER_CLONES void causal_softmax_backward(float* gradient, const float* weights, int64_t rows, int64_t first,
                                           float scale, const float* dots) {
  backward_rows(gradient, weights, rows, first, scale, dots);
}
MUSTER_CLONES void causal_softmax_backward(double* gradient, const double* weights, int64_t rows,
                                           int64_t first, double scale, const double* dots) {
  backward_rows(gradient, weights, rows, first, scale, dots);
}
MUSTER_CLONES float inner_product(const float* a, const float* b, int64_t size) { return dot(a, b, size); }
MUSTER_CLONES double inner_product(const double* a, const double* b, int64_t size) { return dot(a, b, size); }

}  // namespace muster::kernel
