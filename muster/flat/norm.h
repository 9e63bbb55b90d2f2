#pragma once

#include "muster/flat/vector.h"

namespace muster::inline flat {

/// Euclidean norm of a flat vector (float or double). The same bits on any processor and number of threads;
/// infinite where the sum of squares exceeds the range of double.
double norm_of(const Vector& vector);

}  // namespace muster::inline flat
