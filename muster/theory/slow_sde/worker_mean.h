#pragma once

#include <cstdint>

#include "muster/theory/noise_lanes.h"

namespace muster::kernel {

/// x[64 k + i] of K workers becomes their mean, for each lane i, summed in the order of the workers.
[[gnu::always_inline]] inline void average_workers(double* __restrict x, int64_t workers) {
  double sum[lanes];
  for (int lane = 0; lane < lanes; ++lane) sum[lane] = x[lane];
  for (int64_t k = 1; k < workers; ++k)
    for (int lane = 0; lane < lanes; ++lane) sum[lane] += x[k * lanes + lane];
  const double share = 1.0 / static_cast<double>(workers);
  for (int lane = 0; lane < lanes; ++lane) sum[lane] *= share;
  for (int64_t k = 0; k < workers; ++k)
    for (int lane = 0; lane < lanes; ++lane) x[k * lanes + lane] = sum[lane];
}

}  // namespace muster::kernel
