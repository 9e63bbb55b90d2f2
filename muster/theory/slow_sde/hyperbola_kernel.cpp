#include "muster/theory/slow_sde/hyperbola_kernel.h"

#include <cstring>

#include "muster/base/clones.h"
#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/worker_mean.h"

namespace muster::kernel {

namespace {

// Eight lanes at a time, explicitly: by default GCC uses half the width of AVX-512.
typedef double Wide __attribute__((vector_size(64)));
typedef int64_t WideBits __attribute__((vector_size(64)));
constexpr int parts = lanes / 8;

/// One worker's steps; all 64 lanes of u and v stay in registers. Bit i of a step's word decides the label of
/// lane i.
[[gnu::always_inline]] inline void worker_steps(double* __restrict u_at, double* __restrict v_at,
                                                const double* __restrict rates, int64_t count, double noise,
                                                uint64_t key, uint64_t counter, uint64_t stride) {
  Wide u[parts], v[parts];
  WideBits bit[parts];
  for (int part = 0; part < parts; ++part)
    for (int lane = 0; lane < 8; ++lane) bit[part][lane] = static_cast<int64_t>(1ULL << (8 * part + lane));
  std::memcpy(u, u_at, sizeof u);
  std::memcpy(v, v_at, sizeof v);
  const Wide high = Wide{} + (1.0 + noise), low = Wide{} + (1.0 - noise);
  for (int64_t step = 0; step < count; ++step, counter += stride) {
    const WideBits word = WideBits{} + static_cast<int64_t>(random_word(key, counter));
    const Wide rate = Wide{} + rates[step];
#pragma GCC unroll 8
    for (int part = 0; part < parts; ++part) {
      const Wide label = (word & bit[part]) != 0 ? high : low;
      const Wide pull = rate * (u[part] * v[part] - label);
      const Wide old_u = u[part];
      u[part] = old_u - pull * v[part];
      v[part] = v[part] - pull * old_u;
    }
  }
  std::memcpy(u_at, u, sizeof u);
  std::memcpy(v_at, v, sizeof v);
}

}  // namespace

MUSTER_CLONES void hyperbola_steps(const HyperbolaState& state, int64_t first_step, const double* rates,
                                   int64_t count, double noise, uint64_t key) {
  const auto workers = static_cast<uint64_t>(state.workers);
  for (int64_t k = 0; k < state.workers; ++k)
    worker_steps(state.u + k * lanes, state.v + k * lanes, rates, count, noise, key,
                 static_cast<uint64_t>(first_step) * workers + static_cast<uint64_t>(k), workers);
}

MUSTER_CLONES void hyperbola_meeting(const HyperbolaState& state) {
  average_workers(state.u, state.workers);
  average_workers(state.v, state.workers);
}

}  // namespace muster::kernel
