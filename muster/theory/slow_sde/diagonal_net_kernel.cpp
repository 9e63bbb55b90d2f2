#include "muster/theory/slow_sde/diagonal_net_kernel.h"

#include "muster/base/clones.h"
#include "muster/theory/noise_lanes.h"

namespace muster::kernel {

namespace {

/// One step of one worker. `x`: scratch for the lanes' samples.
[[gnu::always_inline]] inline void worker_step(double* __restrict u, double* __restrict v,
                                               double* __restrict x, const DiagonalNetData& data, double rate,
                                               uint64_t key, uint64_t counter) {
  int64_t sample[lanes];
  double pull[lanes];
  const auto samples = static_cast<uint64_t>(data.samples);
  const double* __restrict rows = data.rows;
  const double* __restrict labels = data.labels;
  for (int lane = 0; lane < lanes; ++lane) {
    const uint64_t word = random_word(key, counter * lanes + static_cast<uint64_t>(lane));
    sample[lane] = static_cast<int64_t>(((word >> 32) * samples) >> 32);
    pull[lane] = with_sign(data.noise, word, 0);
  }
  for (int lane = 0; lane < lanes; ++lane) {
    pull[lane] = -labels[sample[lane]] - pull[lane];
    sample[lane] *= data.features;
  }
  for (int64_t j = 0; j < data.features; ++j)
    for (int lane = 0; lane < lanes; ++lane) {
      const int64_t at = j * lanes + lane;
      const double value = rows[sample[lane] + j];
      x[at] = value;
      pull[lane] += value * (u[at] * u[at] - v[at] * v[at]);
    }
  for (int lane = 0; lane < lanes; ++lane) pull[lane] *= 2 * rate;
  for (int64_t j = 0; j < data.features; ++j)
    for (int lane = 0; lane < lanes; ++lane) {
      const int64_t at = j * lanes + lane;
      const double move = pull[lane] * x[at];
      u[at] -= move * u[at];
      v[at] += move * v[at];
    }
}

[[gnu::always_inline]] inline void average(double* __restrict x, int64_t workers, int64_t size) {
  const double share = 1.0 / static_cast<double>(workers);
  for (int64_t k = 1; k < workers; ++k)
    for (int64_t i = 0; i < size; ++i) x[i] += x[k * size + i];
  for (int64_t i = 0; i < size; ++i) x[i] *= share;
  for (int64_t k = 1; k < workers; ++k)
    for (int64_t i = 0; i < size; ++i) x[k * size + i] = x[i];
}

}  // namespace

MUSTER_CLONES void diagonal_net_steps(const DiagonalNetState& state, const DiagonalNetData& data,
                                      int64_t first_step, const double* rates, int64_t count, uint64_t key) {
  const auto workers = static_cast<uint64_t>(state.workers);
  for (int64_t k = 0; k < state.workers; ++k) {
    const int64_t from = k * data.features * lanes;
    uint64_t counter = static_cast<uint64_t>(first_step) * workers + static_cast<uint64_t>(k);
    for (int64_t step = 0; step < count; ++step, counter += workers)
      worker_step(state.u + from, state.v + from, state.scratch, data, rates[step], key, counter);
  }
}

MUSTER_CLONES void diagonal_net_meeting(const DiagonalNetState& state, int64_t features) {
  average(state.u, state.workers, features * lanes);
  average(state.v, state.workers, features * lanes);
}

}  // namespace muster::kernel
