#include "muster/task/models/gelu_kernel.h"

#include <bit>

#include "muster/base/clones.h"
#include "muster/task/models/exponential.h"

namespace muster::kernel {

namespace {

// tanh(u) = 2 / (1 + e^(-2u)) - 1, so GELU(x) = x s with s = 1 / (1 + e^(-2u)), u = a (x + b x^3).
template <class T>
constexpr T twice_a = T(1.5957691216057308);  // 2 sqrt(2 / pi)
template <class T>
constexpr T b = T(0.044715);

[[gnu::always_inline]] inline float widened(float x) { return x; }
[[gnu::always_inline]] inline double widened(double x) { return x; }
[[gnu::always_inline]] inline float widened(c10::BFloat16 x) {
  return std::bit_cast<float>(static_cast<uint32_t>(x.x) << 16);
}
[[gnu::always_inline]] inline void put(float& to, float value) { to = value; }
[[gnu::always_inline]] inline void put(double& to, double value) { to = value; }
// To the nearest, ties to even; the values here are finite unless training has failed already.
[[gnu::always_inline]] inline void put(c10::BFloat16& to, float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  to.x = static_cast<uint16_t>(value != value ? 0x7FC0U : rounded);
}

template <class T>
[[gnu::always_inline]] inline T sigmoid_of(T x) {
  return T(1) / (T(1) + exponential(-twice_a<T> * (x + b<T> * x * x * x)));
}

template <class T>
[[gnu::always_inline]] inline void forward_pass(const T* __restrict x, T* __restrict y, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    const auto v = widened(x[i]);
    put(y[i], v * sigmoid_of(v));
  }
}

// d(x s)/dx = s + x s (1 - s) 2 a (1 + 3 b x^2).
template <class T>
[[gnu::always_inline]] inline void backward_pass(const T* __restrict x, const T* __restrict gradient,
                                                 T* __restrict slope, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    const auto v = widened(x[i]);
    using V = decltype(v + v);
    const V s = sigmoid_of(v);
    const V inner = twice_a<V> * (V(1) + V(3) * b<V> * v * v);
    put(slope[i], widened(gradient[i]) * (s + v * s * (V(1) - s) * inner));
  }
}

}  // namespace

MUSTER_CLONES void gelu(const float* x, float* y, int64_t size) { forward_pass(x, y, size); }
MUSTER_CLONES void gelu(const double* x, double* y, int64_t size) { forward_pass(x, y, size); }
MUSTER_CLONES void gelu(const c10::BFloat16* x, c10::BFloat16* y, int64_t size) { forward_pass(x, y, size); }
MUSTER_CLONES void gelu_backward(const float* x, const float* gradient, float* slope, int64_t size) {
  backward_pass(x, gradient, slope, size);
}
MUSTER_CLONES void gelu_backward(const double* x, const double* gradient, double* slope, int64_t size) {
  backward_pass(x, gradient, slope, size);
}
MUSTER_CLONES void gelu_backward(const c10::BFloat16* x, const c10::BFloat16* gradient, c10::BFloat16* slope,
                                 int64_t size) {
  backward_pass(x, gradient, slope, size);
}

}  // namespace muster::kernel
