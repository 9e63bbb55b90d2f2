#pragma once

#include <cstdint>

#include "muster/theory/convex/convex_draws.h"
#include "muster/theory/convex/loss_kernel.h"
#include "muster/theory/convex/packed_rows.h"

namespace muster::kernel {

/// One coordinate of an iterate whose regularisation and weighted sum are lazy (see lazy_iterate.h).
struct alignas(16) Coordinate {
  double direction = 0;   ///< v: the iterate is scale x v
  double correction = 0;  ///< u: the weighted sum is counted x v + u
};

/// Several steps of one worker; each array has one entry per step.
struct StepChunk {
  int64_t steps = 0;
  int64_t batch = 1;
  const double* scale = nullptr;    ///< before the step
  const double* push = nullptr;     ///< learning rate / (batch x scale after the step)
  const double* counted = nullptr;  ///< sum of weight x scale up to and including the step
};

/// Copies the rows that counters first + i x stride + j draw, i < steps, j < batch, and prefetches their
/// entries.
void draw_rows(const PackedRows& rows, const Draws& draws, uint64_t first, uint64_t stride, int64_t steps,
               int64_t batch, PackedRow* drawn);

/// Stochastic gradient steps on the drawn rows (steps x batch of them). `changes`: scratch of `batch`
/// elements. `iterate` has features + 1 elements.
void local_steps(Loss loss, const PackedRows& rows, const StepChunk& chunk, const PackedRow* drawn,
                 Coordinate* changes, Coordinate* iterate);

}  // namespace muster::kernel
