#include "muster/theory/slow_sde/valley_kernel.h"

#include "muster/base/clones.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/worker_mean.h"

namespace muster::kernel {

namespace {

template <bool with_curvature>
[[gnu::always_inline]] inline void worker_steps(double* __restrict x, double* __restrict y,
                                                const double* __restrict rates, int64_t count,
                                                const ValleyNoise& noise, uint64_t key, uint64_t counter,
                                                uint64_t stride) {
  float first[lanes], second[lanes];
  const double normal = noise.normal, tangent = noise.tangent;
  for (int64_t step = 0; step < count; ++step, counter += stride) {
    fill_normals(key, counter, first, second);
    const double rate = rates[step];
    for (int lane = 0; lane < lanes; ++lane) {
      const double old_x = x[lane], old_y = y[lane];
      const double g = 1.0 + old_y * old_y;
      const double width = with_curvature ? normal * __builtin_sqrt(g) : normal;
      x[lane] = old_x - rate * (g * old_x + width * static_cast<double>(first[lane]));
      y[lane] = old_y - rate * (old_y * (old_x * old_x) + tangent * static_cast<double>(second[lane]));
    }
  }
}

}  // namespace

MUSTER_CLONES void valley_steps(const ValleyState& state, int64_t first_step, const double* rates,
                                int64_t count, const ValleyNoise& noise, uint64_t key) {
  const auto workers = static_cast<uint64_t>(state.workers);
  for (int64_t k = 0; k < state.workers; ++k) {
    double *x = state.x + k * lanes, *y = state.y + k * lanes;
    const uint64_t counter = static_cast<uint64_t>(first_step) * workers + static_cast<uint64_t>(k);
    if (noise.with_curvature)
      worker_steps<true>(x, y, rates, count, noise, key, counter, workers);
    else
      worker_steps<false>(x, y, rates, count, noise, key, counter, workers);
  }
}

MUSTER_CLONES void valley_meeting(const ValleyState& state) {
  average_workers(state.x, state.workers);
  average_workers(state.y, state.workers);
}

}  // namespace muster::kernel
