#pragma once

#include <vector>

#include "muster/theory/convex/packed_rows.h"

namespace muster::inline theory {

/// The loss of a sample (a, y) at x: log(1 + exp(-y a.x)) with y = -1 or 1, or (a.x - y)^2 / 2.
enum class Loss { logistic, least_squares };

}  // namespace muster::inline theory

namespace muster::kernel {

/// Mean loss over all samples, without regularisation. `x` has features + 1 elements, the last one 0.
double mean_loss(Loss loss, const PackedRows& rows, const double* x);

/// a.x of a row; x as above.
double product(const PackedRows& rows, const PackedRow& row, const double* x);

}  // namespace muster::kernel
