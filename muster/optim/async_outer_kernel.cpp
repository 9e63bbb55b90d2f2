#include "muster/optim/async_outer_kernel.h"

#include "muster/base/clones.h"

namespace muster::kernel {

namespace {

template <class T>
[[gnu::always_inline]] inline void descend_pass(T* __restrict anchor, const T* __restrict gradient,
                                                int64_t size, T rate) {
  for (int64_t i = 0; i < size; ++i) anchor[i] -= rate * gradient[i];
}

template <class T>
[[gnu::always_inline]] inline void accumulate_pass(T* __restrict sum, const T* __restrict gradient,
                                                   int64_t size) {
  for (int64_t i = 0; i < size; ++i) sum[i] += gradient[i];
}

template <class T>
[[gnu::always_inline]] inline void delayed_pass(T* __restrict anchor, const T* __restrict gradient,
                                                const T* __restrict momentum, T* __restrict sum, int64_t size,
                                                const DelayedStep<T>& step) {
  const DelayedStep<T> s = step;
  for (int64_t i = 0; i < size; ++i) {
    const T g = gradient[i];
    sum[i] += g;
    anchor[i] -= s.of_gradient * g + s.of_momentum * momentum[i];
  }
}

template <class T>
[[gnu::always_inline]] inline void momentum_pass(T* __restrict anchor, const T* __restrict gradient,
                                                 T* __restrict momentum, T* __restrict sum, int64_t size,
                                                 const MomentumStep<T>& step) {
  const MomentumStep<T> s = step;
  for (int64_t i = 0; i < size; ++i) {
    const T g = gradient[i];
    const T m = s.keep * momentum[i] + s.take * (sum[i] + g);
    momentum[i] = m;
    sum[i] = 0;
    anchor[i] -= s.of_gradient * g + s.of_momentum * m;
  }
}

template <class T>
[[gnu::always_inline]] inline void compensation_pass(T* __restrict gradient, const T* __restrict now,
                                                     const T* __restrict start, int64_t size, T strength) {
  for (int64_t i = 0; i < size; ++i) {
    const T g = gradient[i];
    gradient[i] = g + strength * g * g * (now[i] - start[i]);
  }
}

}  // namespace

MUSTER_CLONES void descend(float* anchor, const float* gradient, int64_t size, float rate) {
  descend_pass(anchor, gradient, size, rate);
}

MUSTER_CLONES void accumulate(float* sum, const float* gradient, int64_t size) {
  accumulate_pass(sum, gradient, size);
}

MUSTER_CLONES void delayed_step(float* anchor, const float* gradient, const float* momentum, float* sum,
                                int64_t size, const DelayedStep<float>& step) {
  delayed_pass(anchor, gradient, momentum, sum, size, step);
}

MUSTER_CLONES void momentum_step(float* anchor, const float* gradient, float* momentum, float* sum,
                                 int64_t size, const MomentumStep<float>& step) {
  momentum_pass(anchor, gradient, momentum, sum, size, step);
}

MUSTER_CLONES void compensate_delay(float* gradient, const float* now, const float* start, int64_t size,
                                    float strength) {
  compensation_pass(gradient, now, start, size, strength);
}

MUSTER_CLONES void descend(double* anchor, const double* gradient, int64_t size, double rate) {
  descend_pass(anchor, gradient, size, rate);
}

MUSTER_CLONES void accumulate(double* sum, const double* gradient, int64_t size) {
  accumulate_pass(sum, gradient, size);
}

MUSTER_CLONES void delayed_step(double* anchor, const double* gradient, const double* momentum, double* sum,
                                int64_t size, const DelayedStep<double>& step) {
  delayed_pass(anchor, gradient, momentum, sum, size, step);
}

MUSTER_CLONES void momentum_step(double* anchor, const double* gradient, double* momentum, double* sum,
                                 int64_t size, const MomentumStep<double>& step) {
  momentum_pass(anchor, gradient, momentum, sum, size, step);
}

MUSTER_CLONES void compensate_delay(double* gradient, const double* now, const double* start, int64_t size,
                                    double strength) {
  compensation_pass(gradient, now, start, size, strength);
}

}  // namespace muster::kernel
