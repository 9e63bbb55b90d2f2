#pragma once

#include <cstdint>

namespace muster::kernel {

/// anchor -= rate * gradient
void descend(float* anchor, const float* gradient, int64_t size, float rate);
void descend(double* anchor, const double* gradient, int64_t size, double rate);

/// sum += gradient
void accumulate(float* sum, const float* gradient, int64_t size);
void accumulate(double* sum, const double* gradient, int64_t size);

/// A step between two steps of the momentum (delayed_nesterov.h):
///   sum += g;   anchor -= of_gradient * g + of_momentum * m
template <class T>
struct DelayedStep {
  T of_gradient, of_momentum;
};
void delayed_step(float* anchor, const float* gradient, const float* momentum, float* sum, int64_t size,
                  const DelayedStep<float>& step);
void delayed_step(double* anchor, const double* gradient, const double* momentum, double* sum, int64_t size,
                  const DelayedStep<double>& step);

/// The momentum's own step:
///   m = keep * m + take * (sum + g);   sum = 0;   anchor -= of_gradient * g + of_momentum * m
template <class T>
struct MomentumStep {
  T keep, take, of_gradient, of_momentum;
};
void momentum_step(float* anchor, const float* gradient, float* momentum, float* sum, int64_t size,
                   const MomentumStep<float>& step);
void momentum_step(double* anchor, const double* gradient, double* momentum, double* sum, int64_t size,
                   const MomentumStep<double>& step);

/// g += strength * g * g * (now - start)
void compensate_delay(float* gradient, const float* now, const float* start, int64_t size, float strength);
void compensate_delay(double* gradient, const double* now, const double* start, int64_t size,
                      double strength);

}  // namespace muster::kernel
